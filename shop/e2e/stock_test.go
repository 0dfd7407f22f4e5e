package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"

	"shop/kit/testkit"
	"shop/shop/rest"
)

// TestStockAndSoldAreConstant: whatever buyers, cancels and deletions do at the
// same time, what is in stock and what live orders hold is what there was.
func TestStockAndSoldAreConstant(t *testing.T) { inEveryForm(t, stockAndSoldAreConstant) }

func stockAndSoldAreConstant(t *testing.T, start starter) {
	const stock, buyers, rounds = 60, 16, 12
	shop := start(t, t.TempDir(), nil)
	seller := shop.buyer(t, "seller")
	product := shop.stocked(t, seller.AccessToken, stock)

	var group sync.WaitGroup
	sessions := make([]rest.Session, buyers)
	for n := range buyers {
		sessions[n] = shop.buyer(t, fmt.Sprintf("buyer%02d", n))
	}
	for n, session := range sessions {
		group.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			orders := shop.Order.As(session.AccessToken)
			var mine []int64
			for range rounds {
				switch dice := random.IntN(10); {
				case dice < 6 || len(mine) == 0:
					if id, ok := buy(t, orders, product.ID, 1+random.IntN(3)); ok {
						mine = append(mine, id)
					}
				case dice < 8:
					act(t, orders, http.MethodPut, mine[0], map[string]any{"status": "cancelled"}, http.StatusOK)
					mine = mine[1:]
				default:
					act(t, orders, http.MethodDelete, mine[0], nil, http.StatusNoContent)
					mine = mine[1:]
				}
			}
		})
	}
	group.Wait()
	testkit.Eventually(t, patience, func() error {
		return shop.balanced(t.Context(), product.ID, stock, sessions)
	}, "stock + sold is what there was")
}

// buy orders, and reports whether there was enough: anything but 201 and the
// refusal for lack of stock is a failure.
func buy(t *testing.T, orders rest.Client, product int64, quantity int) (id int64, ok bool) {
	a, err := orders.Post(t.Context(), "/orders", map[string]any{"product_id": product, "quantity": quantity})
	if err != nil {
		t.Error(err)
		return 0, false
	}
	switch a.Status {
	case http.StatusCreated:
		var o rest.Order
		if err := a.Into(&o); err != nil {
			t.Error(err)
		}
		return o.ID, true
	case http.StatusBadRequest:
	default:
		t.Errorf("POST /orders: %d: %s", a.Status, a.Body)
	}
	return 0, false
}

func act(t *testing.T, orders rest.Client, method string, id int64, body any, status int) {
	a, err := orders.Do(t.Context(), method, fmt.Sprintf("/orders/%d", id), body)
	if err != nil || a.Status != status {
		t.Errorf("%s /orders/%d: %d %v: %s", method, id, a.Status, err, a.Body)
	}
}

// balanced is nil when what is in stock and what the buyers' live orders hold is
// together what there was, and never less than nothing.
func (r *running) balanced(ctx context.Context, product, stock int64, buyers []rest.Session) error {
	var p rest.Product
	a, err := r.Product.Get(ctx, fmt.Sprintf("/products/%d", product))
	if err != nil {
		return err
	}
	if err := a.Into(&p); err != nil {
		return err
	}
	if p.Quantity < 0 {
		return fmt.Errorf("stock is %d", p.Quantity)
	}
	var sold int64
	for _, buyer := range buyers {
		orders, err := r.ordersOf(ctx, buyer)
		if err != nil {
			return err
		}
		for _, o := range orders {
			if o.ProductID == product && o.Status != "cancelled" {
				sold += o.Quantity
			}
		}
	}
	if p.Quantity+sold != stock {
		return fmt.Errorf("%d in stock + %d sold, want %d", p.Quantity, sold, stock)
	}
	return nil
}

// ordersOf lists all orders of a buyer.
func (r *running) ordersOf(ctx context.Context, buyer rest.Session) ([]rest.Order, error) {
	const page = 100
	var all []rest.Order
	for {
		a, err := r.Order.As(buyer.AccessToken).Get(ctx, fmt.Sprintf("/orders?skip=%d&limit=%d", len(all), page))
		if err != nil {
			return nil, err
		}
		if a.Status != http.StatusOK {
			return nil, fmt.Errorf("GET /orders: %d: %s", a.Status, a.Body)
		}
		var list []rest.Order
		if err := a.Into(&list); err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < page {
			return all, nil
		}
	}
}
