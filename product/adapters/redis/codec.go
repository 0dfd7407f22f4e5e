// Package redis is how products lie in Redis: the object that the API answers
// with, so that people and other programs can read it there.
package redis

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"shop/kit/cache/redis"
	"shop/kit/money"

	"shop/product/domain"
)

// Codec returns the codec of products.
func Codec() redis.Codec[domain.Product] {
	return redis.Codec[domain.Product]{Marshal: marshal, Unmarshal: unmarshal}
}

// product is a product as JSON. A field that is missing is told from a zero by
// being nil.
type product struct {
	ID          *domain.ID       `json:"id"`
	Name        *string          `json:"name"`
	Description *string          `json:"description"`
	Price       *money.Amount    `json:"price"`
	Quantity    *domain.Quantity `json:"quantity"`
	CreatedAt   *instant         `json:"created_at"`
	UpdatedAt   *instant         `json:"updated_at"`
}

func marshal(p domain.Product) ([]byte, error) {
	name, price := p.Name.String(), p.Price.Amount()
	wire := product{
		ID: &p.ID, Name: &name, Price: &price, Quantity: &p.Quantity,
		CreatedAt: (*instant)(&p.CreatedAt), UpdatedAt: (*instant)(&p.UpdatedAt),
	}
	if text, given := p.Description.Text(); given {
		wire.Description = &text
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // It is no part of a page, and read by people.
	err := e.Encode(wire)
	return bytes.TrimSpace(b.Bytes()), err
}

var errIncomplete = errors.New("no product: a field is missing")

func unmarshal(object []byte, version int64) (domain.Product, error) {
	if p, ok := scan(object, version); ok {
		return p, nil
	}
	return decode(object, version)
}

func decode(object []byte, version int64) (domain.Product, error) {
	var wire product
	if err := json.Unmarshal(object, &wire); err != nil {
		return domain.Product{}, err
	}
	if wire.ID == nil || wire.Name == nil || wire.Price == nil || wire.Quantity == nil || wire.CreatedAt == nil || wire.UpdatedAt == nil {
		return domain.Product{}, errIncomplete
	}
	return domain.Product{
		ID: *wire.ID,
		Draft: domain.Draft{
			Name:        domain.RestoreName(*wire.Name),
			Description: domain.RestoreDescription(wire.Description),
			Price:       domain.RestorePrice(*wire.Price),
			Quantity:    *wire.Quantity,
		},
		CreatedAt: time.Time(*wire.CreatedAt),
		UpdatedAt: time.Time(*wire.UpdatedAt),
		Version:   version,
	}, nil
}

// instant is a time as the API writes it: in UTC with microseconds.
type instant time.Time

const layout = `"2006-01-02T15:04:05.000000Z"`

// MarshalJSON implements json.Marshaler.
func (i instant) MarshalJSON() ([]byte, error) {
	return time.Time(i).AppendFormat(make([]byte, 0, len(layout)), layout), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *instant) UnmarshalJSON(b []byte) error {
	t, err := time.Parse(layout, string(b))
	*i = instant(t)
	return err
}
