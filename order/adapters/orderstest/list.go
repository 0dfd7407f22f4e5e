package orderstest

import (
	"fmt"
	"math"
	"testing"

	"shop/order/domain"
	"shop/order/ports"
)

func testList(t *testing.T, open Open) {
	s, _ := open(t)
	var ids []domain.OrderID // The owner's, oldest first.
	for i := range 6 {
		o := added(t, s, owner)
		added(t, s, stranger)
		ids = append(ids, o.Snapshot().ID)
		if i%2 == 1 {
			if err := s.Update(t.Context(), become(t, o, domain.Cancelled), announce); err != nil {
				t.Fatal(err)
			}
		}
	}
	cancelled, shipped := domain.Cancelled, domain.Shipped
	const ceiling = 2
	tests := []struct {
		name  string
		user  domain.UserID
		list  ports.List
		want  []int // Positions in ids.
		total int64
		exact bool
	}{
		{"everything, newest first", owner, ports.List{Limit: 100}, []int{5, 4, 3, 2, 1, 0}, 6, true},
		{"the first page", owner, ports.List{Limit: 2}, []int{5, 4}, 6, true},
		{"a page within", owner, ports.List{Skip: 3, Limit: 2}, []int{2, 1}, 6, true},
		{"the last page", owner, ports.List{Skip: 4, Limit: 100}, []int{1, 0}, 6, true},
		{"past the end", owner, ports.List{Skip: 6, Limit: 100}, nil, 6, true},
		{"far past the end", owner, ports.List{Skip: math.MaxInt64, Limit: 100}, nil, 6, true},
		{"one status", owner, ports.List{Status: &cancelled, Limit: 100}, []int{5, 3, 1}, ceiling, false},
		{"one status, a page", owner, ports.List{Status: &cancelled, Skip: 1, Limit: 1}, []int{3}, ceiling, false},
		{"a status that no order has", owner, ports.List{Status: &shipped, Limit: 100}, nil, 0, true},
		{"a user without orders", 99, ports.List{Limit: 100}, nil, 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			page, err := s.List(t.Context(), test.user, test.list, ceiling)
			if err != nil {
				t.Fatal(err)
			}
			var got, want []domain.OrderID
			for _, o := range page.Orders {
				got = append(got, o.Snapshot().ID)
			}
			for _, i := range test.want {
				want = append(want, ids[i])
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("orders %v, want %v", got, want)
			}
			if page.Total != test.total || page.Exact != test.exact {
				t.Errorf("total %d, exact %v; want %d, %v", page.Total, page.Exact, test.total, test.exact)
			}
		})
	}
	t.Run("whole orders", func(t *testing.T) {
		page, err := s.List(t.Context(), owner, ports.List{Limit: 1}, ceiling)
		if err != nil || len(page.Orders) != 1 {
			t.Fatalf("%d orders, error %v", len(page.Orders), err)
		}
		wantStored(t, s, page.Orders[0])
	})
}
