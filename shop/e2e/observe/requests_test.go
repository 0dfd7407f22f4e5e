//go:build linux

package observe

import (
	"net/http"
	"testing"
	"time"

	"shop/shop/rest"
)

// aLogin has the hashing, which is most of it.
const aLogin = `
edge: POST /login SERVER
  edge: POST /login try 1 CLIENT
    user-sidecar: POST /login SERVER
      user: POST /login SERVER
        user: user.login INTERNAL
          user: BEGIN CLIENT
          user: COMMIT CLIENT
          user: INSERT refresh_tokens CLIENT
          user: INSERT sessions CLIENT
          user: SELECT login_failures CLIENT
          user: SELECT login_failures CLIENT
          user: SELECT users CLIENT
          user: SELECT users CLIENT
          user: SELECT users CLIENT
          user: verify password INTERNAL
`

// aMiss is a read that the cache can't answer.
const aMiss = `
edge: GET reads SERVER
  edge: GET reads try 1 CLIENT
    product-sidecar: GET rest SERVER
      product: GET /products/{id} SERVER
        product: product.get INTERNAL +cache.miss
          product: EVALSHA CLIENT
          product: GET CLIENT
          product: SELECT products CLIENT
`

// aHit is one that it can.
const aHit = `
edge: GET reads SERVER
  edge: GET reads try 1 CLIENT
    product-sidecar: GET rest SERVER
      product: GET /products/{id} SERVER
        product: product.get INTERNAL +cache.hit
          product: GET CLIENT
`

// aCancelling goes on at the consumers of both queues: buyers are told, and
// product gives the pieces back.
const aCancelling = `
edge: PUT rest SERVER
  edge: PUT rest try 1 CLIENT
    order-sidecar: PUT rest SERVER
      order: PUT /orders/{id} SERVER
        order: order.change_status INTERNAL
          order: BEGIN CLIENT
          order: COMMIT CLIENT
          order: INSERT order_history CLIENT
          order: POST /validate-token CLIENT
            order-sidecar: POST /validate-token SERVER
              order-sidecar: POST /validate-token try 1 CLIENT
                user-sidecar: POST /validate-token SERVER
                  user: POST /validate-token SERVER
                    user: user.validate_token INTERNAL
                      user: SELECT users CLIENT
          order: SELECT orders CLIENT
          order: UPDATE orders CLIENT
          order: create order.status_changed PRODUCER
            notification: process order_notifications CONSUMER linked
              notification: BATCH notifications CLIENT
                notification: BEGIN CLIENT
                notification: COMMIT CLIENT
                notification: INSERT inbox CLIENT
                notification: INSERT notifications CLIENT
                notification: INSERT order_progress CLIENT
              notification: GET /internal/users/{id}/contact CLIENT
                notification-sidecar: GET /internal/users/{id}/contact SERVER
                  notification-sidecar: GET /internal/users/{id}/contact try 1 CLIENT
                    user-sidecar: GET /internal/users/{id}/contact SERVER
                      user: GET /internal/users/{id}/contact SERVER
                        user: user.contact INTERNAL
                          user: SELECT users CLIENT
              notification: send email CLIENT
              notification: send push CLIENT
              notification: send sms CLIENT
            order: publish order.status_changed CLIENT
            product: process product_stock CONSUMER linked
              product: BEGIN CLIENT
              product: COMMIT CLIENT
              product: EVALSHA CLIENT
              product: INSERT inbox CLIENT
              product: SELECT reservations CLIENT
              product: UPDATE products CLIENT
              product: UPDATE reservations CLIENT
`

// otherTraces are those of requests that an order does not show: the hashing of
// passwords, what the cache decided, product's consumer of events.
func (s *shop) otherTraces(t *testing.T, buyer person, goods rest.Product) {
	before := s.messages()
	order, _ := s.order(t, buyer, goods)
	s.told(t, before+3)
	since := time.Now()
	requests := []struct {
		name string
		do   func() (rest.Answer, error)
		tree string
		id   string
	}{
		{"a login", func() (rest.Answer, error) { return s.login(t, buyer.name, buyer.password) }, aLogin, ""},
		{"a read", func() (rest.Answer, error) { return s.Product.Get(t.Context(), path("/products/", goods.ID)) }, aMiss, ""},
		{"the same read", func() (rest.Answer, error) { return s.Product.Get(t.Context(), path("/products/", goods.ID)) }, aHit, ""},
		{"a cancelling", func() (rest.Answer, error) {
			return s.Order.As(buyer.AccessToken).Do(t.Context(), http.MethodPut, path("/orders/", order.ID), map[string]string{"status": "cancelled"})
		}, aCancelling, ""},
	}
	var ids []string
	for i, r := range requests {
		a, err := r.do()
		want(t, r.name, a, err, http.StatusOK)
		requests[i].id = a.Header.Get("X-Trace-Id")
		ids = append(ids, requests[i].id)
	}
	s.told(t, before+6)
	for _, r := range requests {
		t.Run(r.name, func(t *testing.T) { s.whole(t, r.id, r.tree) })
	}
	s.only(t, since, ids...)
}
