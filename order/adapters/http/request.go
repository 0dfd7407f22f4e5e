package http

import (
	"net/http"

	"shop/kit/web"
	"shop/order/domain"
	"shop/order/ports"
)

// keyHeader is the header that makes a POST safe to repeat, as in
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header.
const keyHeader = "Idempotency-Key"

func decodePlace(r *http.Request) (p ports.PlaceOrder, err error) {
	body, err := web.Object(r)
	if err != nil {
		return p, err
	}
	p.Product = web.Required(body, "product_id", web.Int, domain.NewProductID)
	p.Quantity = web.Required(body, "quantity", web.Int, domain.NewQuantity)
	header := web.Headers(r)
	p.Key = web.Default(header, keyHeader, web.String, domain.NewIdempotencyKey, "")
	return p, web.Join(header, body)
}

func decodeList(r *http.Request) (l ports.List, err error) {
	f := web.Query(r)
	l.Skip, l.Limit = web.Paging(f)
	l.Status = web.Optional(f, "status", web.String, domain.NewStatus)
	return l, f.Err()
}

func decodeID(r *http.Request) (domain.OrderID, error) {
	f := web.Path(r)
	id := pathID(f)
	return id, f.Err()
}

func decodeChangeStatus(r *http.Request) (c ports.ChangeStatus, err error) {
	body, err := web.Object(r)
	if err != nil {
		return c, err
	}
	path := web.Path(r)
	c.ID = pathID(path)
	c.To = web.Required(body, "status", web.String, domain.NewStatus)
	return c, web.Join(path, body)
}

func decodeSettle(r *http.Request) (domain.ReservationID, error) {
	f := web.Path(r)
	id := web.Required(f, "id", web.String, domain.NewReservationID)
	return id, f.Err()
}

func pathID(path *web.Fields) domain.OrderID {
	return web.Required(path, "id", web.Int, domain.NewOrderID)
}
