package domain_test

import (
	"errors"
	"strings"
	"testing"

	"shop/kit/errs"
	"shop/notification/domain"
)

func created() domain.News {
	return domain.News{
		EventID: "0198a6f0-0000-7000-8000-000000000001", Type: domain.OrderCreated, Sequence: 1,
		Order: domain.Order{
			ID: 7, UserID: 3, Product: "Bàn phím", Quantity: 2, UnitPrice: 1999, Total: 3998, Status: domain.Pending,
		},
	}
}

func TestNewNewsNamesTheFieldAtFault(t *testing.T) {
	tests := map[string]struct {
		change func(n *domain.News)
		field  string // "" = it can be told
	}{
		"a created order":                     {func(*domain.News) {}, ""},
		"a free product":                      {func(n *domain.News) { n.Order.UnitPrice, n.Order.Total = 0, 0 }, ""},
		"an unnumbered event":                 {func(n *domain.News) { n.Sequence = 0 }, ""},
		"a name of 255 characters":            {func(n *domain.News) { n.Order.Product = strings.Repeat("ộ", 255) }, ""},
		"no message id":                       {func(n *domain.News) { n.EventID = "" }, "message_id"},
		"a message id with a line break":      {func(n *domain.News) { n.EventID = "a\r\nBcc: b" }, "message_id"},
		"a message id with an at sign":        {func(n *domain.News) { n.EventID = "a@b" }, "message_id"},
		"a message id of 129 characters":      {func(n *domain.News) { n.EventID = strings.Repeat("a", 129) }, "message_id"},
		"an event of another kind":            {func(n *domain.News) { n.Type = "order.deleted" }, "event"},
		"a negative sequence":                 {func(n *domain.News) { n.Sequence = -1 }, "sequence"},
		"no order":                            {func(n *domain.News) { n.Order.ID = 0 }, "order_id"},
		"no user":                             {func(n *domain.News) { n.Order.UserID = -3 }, "user_id"},
		"no product":                          {func(n *domain.News) { n.Order.Product = " \t" }, "product_name"},
		"a product of nothing visible":        {func(n *domain.News) { n.Order.Product = " \x00 " }, "product_name"},
		"a product of broken text":            {func(n *domain.News) { n.Order.Product = "a\xff" }, "product_name"},
		"a product of 256 characters":         {func(n *domain.News) { n.Order.Product = strings.Repeat("ộ", 256) }, "product_name"},
		"no quantity":                         {func(n *domain.News) { n.Order.Quantity = 0 }, "quantity"},
		"a negative price":                    {func(n *domain.News) { n.Order.UnitPrice = -1 }, "unit_price"},
		"a negative total":                    {func(n *domain.News) { n.Order.Total = -1 }, "total_price"},
		"a status nobody knows":               {func(n *domain.News) { n.Order.Status = "lost" }, "status"},
		"a change of status to pending":       {func(n *domain.News) { n.Type = domain.OrderStatusChanged }, "status"},
		"a change of status to nothing known": {func(n *domain.News) { n.Type, n.Order.Status = domain.OrderStatusChanged, "x" }, "status"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := created()
			tt.change(&n)
			_, err := domain.NewNews(n)
			if tt.field == "" {
				if err != nil {
					t.Fatalf("NewNews: %v, want none", err)
				}
				return
			}
			if !errors.Is(err, domain.ErrNews) || errs.KindOf(err) != errs.Invalid {
				t.Fatalf("NewNews: %v, want ErrNews of kind invalid", err)
			}
			if got := errs.Of(err).Params["field"]; got != tt.field {
				t.Errorf("field at fault: got %v, want %s", got, tt.field)
			}
		})
	}
}

func TestNamesAreTrimmed(t *testing.T) {
	n := created()
	n.Order.Product = " Bàn\x00 phím\n"
	if got, err := domain.NewNews(n); err != nil || got.Order.Product != "Bàn phím" {
		t.Errorf("got %q, %v", got.Order.Product, err)
	}
}

func TestTemplate(t *testing.T) {
	tests := []struct {
		typ    domain.Type
		status domain.Status
		want   string
	}{
		{domain.OrderCreated, domain.Pending, "order_created"},
		{domain.OrderStatusChanged, domain.Confirmed, "order_confirmed"},
		{domain.OrderStatusChanged, domain.Shipped, "order_shipped"},
		{domain.OrderStatusChanged, domain.Delivered, "order_delivered"},
		{domain.OrderStatusChanged, domain.Cancelled, "order_cancelled"},
		{domain.OrderStatusChanged, domain.Pending, ""},
		{"order.deleted", domain.Pending, ""},
	}
	for _, tt := range tests {
		n := domain.News{Type: tt.typ, Order: domain.Order{Status: tt.status}}
		if got := n.Template(); got != tt.want {
			t.Errorf("Template of %s to %s: got %q, want %q", tt.typ, tt.status, got, tt.want)
		}
	}
}

func TestSuperseded(t *testing.T) {
	tests := map[string]struct {
		typ      domain.Type
		sequence int64
		known    int64
		want     bool
	}{
		"the first change":              {domain.OrderStatusChanged, 2, 1, false},
		"a change after a newer one":    {domain.OrderStatusChanged, 2, 3, true},
		"the newest change again":       {domain.OrderStatusChanged, 3, 3, false},
		"the creation after its change": {domain.OrderCreated, 1, 2, false},
		"an unnumbered change":          {domain.OrderStatusChanged, 0, 2, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := (domain.News{Type: tt.typ, Sequence: tt.sequence}).Superseded(tt.known); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
