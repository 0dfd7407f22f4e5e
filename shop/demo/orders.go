package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"shop/shop/rest"
)

// patience is how long an event may take from one service to the next.
const patience = 10 * time.Second

var orders = []step{
	{"POST /orders", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		o, a, err := s.place(ctx, 3)
		s.orderID = o.ID
		if err == nil && (o.TotalPrice.String() != "59.97" || o.Status != "pending") {
			err = fmt.Errorf("answered %s", a.Body)
		}
		return a, fmt.Sprintf("order %d: %d × %s = %s", o.ID, o.Quantity, o.UnitPrice, o.TotalPrice), err
	}},
	{"GET /products/{id} has less in stock", inStock(7)},
	{"POST /orders for more than there is", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.buy(ctx, 8)
		return refused(a, err, http.StatusBadRequest)
	}},
	{"POST /orders in English", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.buy(ctx, 8, rest.Header("Accept-Language", "en"))
		return refused(a, err, http.StatusBadRequest)
	}},
	{"POST /orders for no product", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Order.As(s.buyer.AccessToken).Post(ctx, "/orders", map[string]any{"product_id": 9007199254740991, "quantity": 1})
		return refused(a, err, http.StatusBadRequest)
	}},
	{"POST /orders twice with one Idempotency-Key", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		key := rest.Header("Idempotency-Key", "demo-"+s.tag)
		first, err := s.buy(ctx, 1, key)
		if err := want(first, err, http.StatusCreated); err != nil {
			return first, "", err
		}
		again, err := s.buy(ctx, 1, key)
		if err := want(again, err, http.StatusCreated); err != nil {
			return again, "", err
		}
		if !bytes.Equal(first.Body, again.Body) {
			return again, "", fmt.Errorf("the second answer differs: %s", again.Body)
		}
		return again, "the same order", nil
	}},
	{"GET /orders/{id} of somebody else", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Order.As(s.stranger.AccessToken).Get(ctx, s.orderPath())
		return refused(a, err, http.StatusForbidden)
	}},
	{"GET /orders", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		var list []rest.Order
		a, err := get(ctx, s.shop.Order.As(s.buyer.AccessToken), "/orders", &list)
		if err == nil && (len(list) != 2 || list[1].ID != s.orderID) {
			err = fmt.Errorf("%d orders, want 2, newest first", len(list))
		}
		return a, fmt.Sprintf("%d orders, newest first", len(list)), err
	}},
	{"PUT /orders/{id} to delivered too early", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.turn(ctx, "delivered")
		return refused(a, err, http.StatusConflict)
	}},
	{"PUT /orders/{id} confirmed", turned("confirmed")},
	{"PUT /orders/{id} cancelled", turned("cancelled")},
	{"GET /products/{id} has it back", inStock(9)},
	{"DELETE /orders/{id} of somebody else", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Order.As(s.stranger.AccessToken).Do(ctx, http.MethodDelete, s.orderPath(), nil)
		return refused(a, err, http.StatusForbidden)
	}},
}

var notifications = []step{
	{"GET /notifications", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		var answer rest.Answer
		var mine []rest.Notification
		err := until(ctx, patience, func() (bool, error) {
			var list []rest.Notification
			a, err := get(ctx, s.shop.Notification.As(s.buyer.AccessToken), "/notifications", &list)
			if err != nil {
				return false, err
			}
			answer, mine = a, nil
			for _, n := range list {
				if n.OrderID == s.orderID && n.Event == "order.created" {
					mine = append(mine, n)
				}
			}
			return len(mine) > 0 && settled(mine), nil
		})
		if err != nil {
			return answer, "", fmt.Errorf("notification of order %d: %w", s.orderID, err)
		}
		if mine[0].State != "sent" {
			return answer, "", fmt.Errorf("notification of order %d is %s: %v", s.orderID, mine[0].State, mine[0].Reason)
		}
		return answer, fmt.Sprintf("order %d by %s: %s", s.orderID, mine[0].Channel, mine[0].State), nil
	}},
	{"GET /notifications of a stranger", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		var list []rest.Notification
		a, err := get(ctx, s.shop.Notification.As(s.stranger.AccessToken), "/notifications", &list)
		if err == nil && len(list) > 0 {
			err = errors.New("sees notifications of others")
		}
		return a, "none", err
	}},
}

var leaving = []step{
	{"DELETE /products/{id}", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Product.As(s.seller.AccessToken).Do(ctx, http.MethodDelete, s.productPath(), nil)
		return a, "gone", want(a, err, http.StatusNoContent)
	}},
	{"POST /logout", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.User.As(s.buyer.AccessToken).Post(ctx, "/logout", nil)
		return a, "the token is void", want(a, err, http.StatusNoContent)
	}},
	{"GET /orders with the void token", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.Order.As(s.buyer.AccessToken).Get(ctx, "/orders")
		return refused(a, err, http.StatusUnauthorized)
	}},
}

func (s *Story) orderPath() string { return fmt.Sprintf("/orders/%d", s.orderID) }

func (s *Story) buy(ctx context.Context, quantity int, o ...rest.Option) (rest.Answer, error) {
	return s.shop.Order.As(s.buyer.AccessToken).Post(ctx, "/orders", map[string]any{"product_id": s.productID, "quantity": quantity}, o...)
}

func (s *Story) place(ctx context.Context, quantity int) (rest.Order, rest.Answer, error) {
	var o rest.Order
	a, err := s.buy(ctx, quantity)
	if err := want(a, err, http.StatusCreated); err != nil {
		return o, a, err
	}
	return o, a, a.Into(&o)
}

func (s *Story) turn(ctx context.Context, status string) (rest.Answer, error) {
	return s.shop.Order.As(s.buyer.AccessToken).Do(ctx, http.MethodPut, s.orderPath(), map[string]any{"status": status})
}

func turned(status string) func(context.Context, *Story) (rest.Answer, string, error) {
	return func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.turn(ctx, status)
		if err := want(a, err, http.StatusOK); err != nil {
			return a, "", err
		}
		var o rest.Order
		err = a.Into(&o)
		if err == nil && o.Status != status {
			err = fmt.Errorf("status is %q", o.Status)
		}
		return a, o.Status, err
	}
}

// inStock waits until the product has this quantity: at once after an order,
// by an event after a cancellation.
func inStock(quantity int64) func(context.Context, *Story) (rest.Answer, string, error) {
	return func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		var last rest.Answer
		err := until(ctx, patience, func() (bool, error) {
			p, a, err := s.product(ctx)
			last = a
			return p.Quantity == quantity, err
		})
		return last, fmt.Sprintf("%d left", quantity), err
	}
}

// settled reports whether no notification is still on its way.
func settled(list []rest.Notification) bool {
	for _, n := range list {
		if n.State == "pending" {
			return false
		}
	}
	return true
}
