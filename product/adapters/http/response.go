package http

import (
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"shop/kit/money"
	"shop/kit/web"

	"shop/product/domain"
	"shop/product/ports"
)

// timeLayout is RFC 3339 in UTC with microseconds.
const timeLayout = "2006-01-02T15:04:05.000000Z"

func encodeProduct(p domain.Product) web.Reply {
	body := appendProduct(make([]byte, 0, 256), p)
	return web.Reply{Body: json.RawMessage(body), ETag: etag(p.ID, p.Version)}
}

func encodeCreated(p domain.Product) web.Reply {
	r := encodeProduct(p)
	r.Location = "/products/" + strconv.FormatInt(int64(p.ID), 10)
	return r
}

func encodePage(p ports.Page) web.Reply {
	body := []byte{'['}
	for i, product := range p.Products {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendProduct(body, product)
	}
	page := &web.Page{Total: p.Total, Exact: p.Exact}
	if p.Next != nil {
		page.Next = url.Values{"after": {formatCursor(*p.Next)}, "skip": {""}}.Encode() // The cursor counts from the start.
	}
	return web.Reply{Body: json.RawMessage(append(body, ']')), Page: page}
}

// reservation is what the order service learns of a reservation.
type reservation struct {
	ID          string       `json:"reservation_id"`
	ProductID   int64        `json:"product_id"`
	ProductName string       `json:"product_name"`
	UnitPrice   money.Amount `json:"unit_price"`
	Quantity    int64        `json:"quantity"`
	ExpiresAt   string       `json:"expires_at"`
}

func encodeReservation(r domain.Reservation) web.Reply {
	return web.JSON(reservation{
		ID:          r.ID.String(),
		ProductID:   int64(r.Product),
		ProductName: r.ProductName.String(),
		UnitPrice:   r.UnitPrice.Amount(),
		Quantity:    int64(r.Claim.Quantity),
		ExpiresAt:   r.ExpiresAt.In(time.UTC).Format(timeLayout),
	})
}
