package http

import (
	"encoding/json"
	"testing"
	"time"

	"shop/kit/money"

	"shop/product/domain"
)

// wire is a product as encoding/json reads and writes it.
type wire struct {
	ID          int64        `json:"id"`
	Name        string       `json:"name"`
	Description *string      `json:"description"`
	Price       money.Amount `json:"price"`
	Quantity    int64        `json:"quantity"`
	CreatedAt   time.Time    `json:"created_at"`
	UpdatedAt   time.Time    `json:"updated_at"`
}

func TestAppendProduct(t *testing.T) {
	price, err := domain.NewPrice("24000000")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC)
	text := "a \"quoted\" \\ line\nbreak\r\t\x01 <b> 😀"
	p := domain.Product{
		ID: 7,
		Draft: domain.Draft{
			Name: domain.RestoreName("Điện thoại"), Price: price, Quantity: 10,
		},
		CreatedAt: at, UpdatedAt: at.Truncate(time.Second), Version: 3,
	}
	for _, tt := range []struct {
		description *string
		want        string
	}{
		{nil, `null`},
		{&text, `"a \"quoted\" \\ line\nbreak\r\t\u0001 <b> 😀"`},
	} {
		p.Description = domain.RestoreDescription(tt.description)
		want := `{"id":7,"name":"Điện thoại","description":` + tt.want + `,"price":24000000.00,"quantity":10,` +
			`"created_at":"2026-03-14T15:09:26.535897Z","updated_at":"2026-03-14T15:09:26.000000Z"}`
		if got := string(appendProduct(nil, p)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// FuzzAppendProduct: what is written is valid JSON and reads as what it was.
func FuzzAppendProduct(f *testing.F) {
	f.Add(int64(7), "Điện thoại", "a \"b\" \\ \n\x00\x1f\x7f\u2028😀", int64(1999), int64(3), int64(1_773_500_966_535_897))
	f.Fuzz(func(t *testing.T, id int64, name, description string, price, quantity, micros int64) {
		n, errName := domain.NewName(name)
		d, errDescription := domain.NewDescription(description)
		a, errPrice := domain.PriceOf(money.Amount(price))
		if errName != nil || errDescription != nil || errPrice != nil || micros < 0 || micros > 1e17 {
			return
		}
		at := time.UnixMicro(micros).UTC()
		p := domain.Product{
			ID: domain.ID(id), Draft: domain.Draft{Name: n, Description: d, Price: a, Quantity: domain.Quantity(quantity)},
			CreatedAt: at, UpdatedAt: at, Version: 1,
		}
		b := appendProduct(nil, p)
		var got wire
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		if got.ID != id || got.Name != name || got.Description == nil || *got.Description != description ||
			got.Price != a.Amount() || got.Quantity != quantity || !got.CreatedAt.Equal(at) || !got.UpdatedAt.Equal(at) {
			t.Fatalf("%+v was written as %s", p, b)
		}
	})
}

func BenchmarkAppendProduct(b *testing.B) {
	p := domain.Product{ID: 7, Draft: domain.Draft{Name: domain.RestoreName("Điện thoại Galaxy S30"), Price: domain.RestorePrice(2_400_000_000)}}
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encodeProduct(p)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(wire{ID: int64(p.ID), Name: p.Name.String(), Price: p.Price.Amount()}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
