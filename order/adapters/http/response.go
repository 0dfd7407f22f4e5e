package http

import (
	"net/http"
	"net/url"
	"strconv"

	"shop/kit/money"
	"shop/kit/web"
	"shop/order/domain"
	"shop/order/ports"
)

// timeLayout is RFC 3339 in UTC with microseconds.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// order is an order as clients see it.
type order struct {
	ID          domain.OrderID   `json:"id"`
	UserID      domain.UserID    `json:"user_id"`
	ProductID   domain.ProductID `json:"product_id"`
	ProductName string           `json:"product_name"`
	Quantity    domain.Quantity  `json:"quantity"`
	UnitPrice   money.Amount     `json:"unit_price"`
	TotalPrice  money.Amount     `json:"total_price"`
	Status      domain.Status    `json:"status"`
	CreatedAt   string           `json:"created_at"`
	UpdatedAt   string           `json:"updated_at"`
}

func orderOf(o domain.Order) order {
	s := o.Snapshot()
	return order{
		ID: s.ID, UserID: s.UserID, ProductID: s.ProductID, ProductName: s.ProductName,
		Quantity: s.Quantity, UnitPrice: s.UnitPrice, TotalPrice: s.Total, Status: s.Status,
		CreatedAt: s.CreatedAt.Format(timeLayout), UpdatedAt: s.UpdatedAt.Format(timeLayout),
	}
}

func encodeOrder(o domain.Order) web.Reply { return web.JSON(orderOf(o)) }

func encodePlaced(p ports.Placed) web.Reply {
	r := encodeOrder(p.Order)
	r.Location = "/orders/" + strconv.FormatInt(int64(p.Order.Snapshot().ID), 10)
	if p.Replayed {
		r.Header = replayed()
	}
	return r
}

// replayed is the header of an answer that was given before.
func replayed() http.Header { return http.Header{"Idempotency-Replayed": {"true"}} }

func encodePage(p ports.Page) web.Reply {
	body := make([]order, len(p.Orders))
	for i, o := range p.Orders {
		body[i] = orderOf(o)
	}
	more := &web.Page{Total: p.Total, Exact: p.Exact}
	if p.Next > 0 {
		more.Next = url.Values{"skip": {strconv.Itoa(p.Next)}}.Encode()
	}
	return web.Reply{Body: body, Page: more}
}

// decision is the answer to the product service's question.
type decision struct {
	Decision domain.Decision `json:"decision"`
}

func encodeDecision(d domain.Decision) web.Reply { return web.JSON(decision{d}) }
