package redis

import (
	"testing"
	"time"

	"shop/kit/money"

	"shop/product/domain"
)

// The usual product is read by scan; otherwise it would be of no use.
func TestScanReadsWhatIsWritten(t *testing.T) {
	text := "Màn hình <6.5 inch>"
	p := domain.Product{
		ID: 7,
		Draft: domain.Draft{
			Name: domain.RestoreName("Điện thoại"), Description: domain.RestoreDescription(&text),
			Price: domain.RestorePrice(money.MaxInput), Quantity: domain.MaxQuantity,
		},
		CreatedAt: time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC), UpdatedAt: time.UnixMicro(0).UTC(), Version: 3,
	}
	for _, p.Description = range []domain.Description{p.Description, {}} {
		b, err := marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := scan(b, 3); !ok || got != p {
			t.Errorf("%s was read as %+v, %t", b, got, ok)
		}
	}
}

// FuzzScan: what scan reads is what encoding/json reads.
func FuzzScan(f *testing.F) {
	const whole = `{"id":1,"name":"a","description":null,"price":19.99,"quantity":10,` +
		`"created_at":"2026-03-14T15:09:26.535897Z","updated_at":"2026-03-14T15:09:27.000000Z"}`
	for _, seed := range []string{
		whole,
		`{"id":01,"name":"\u0041","description":"","price":0.5,"quantity":-1,"created_at":"","updated_at":""}`,
		`{"id":1,"name":"a","description":"b` + "\xff" + `","price":99999999999999999.99,"quantity":10,"created_at":"2026-02-30T15:09:26.535897Z","updated_at":"2026-03-14T15:09:27.0000000"}`,
		whole + `x`, whole[:40],
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		got, ok := scan(object, 5)
		if !ok {
			return
		}
		if want, err := decode(object, 5); err != nil || got != want {
			t.Fatalf("%q was read as %+v, want %+v, %v", object, got, want, err)
		}
	})
}
