package http

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"shop/kit/errs"
	"shop/order/domain"
)

// Every target proves the same: whatever a client sends is read as a valid
// command or refused as invalid, never otherwise and never by a panic.

func FuzzPlace(f *testing.F) {
	for _, seed := range []struct{ body, key string }{
		{`{"product_id":7,"quantity":2}`, "k"},
		{`{"product_id":7.0,"quantity":2e0}`, ""},
		{`{"product_id":1e999999999,"quantity":-1}`, "khoá"},
		{`{"product_id":"7","quantity":null,"\u0000":[[[]]]}`, "\x00"},
		{"\xff\xfe{}", strings.Repeat("k", 256)},
		{`[{}]`, " "},
	} {
		f.Add(seed.body, seed.key)
	}
	f.Fuzz(func(t *testing.T, body, key string) {
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
		r.Header["Content-Type"] = []string{"application/json"}
		r.Header[keyHeader] = []string{key}
		p, err := decodePlace(r)
		if err != nil {
			wantInvalid(t, err)
			return
		}
		_, errProduct := domain.NewProductID(int64(p.Product))
		_, errQuantity := domain.NewQuantity(int64(p.Quantity))
		_, errKey := domain.NewIdempotencyKey(string(p.Key))
		if errProduct != nil || errQuantity != nil || errKey != nil || string(p.Key) != key {
			t.Fatalf("%q with key %q became %+v", body, key, p)
		}
	})
}

func FuzzChangeStatus(f *testing.F) {
	f.Add("7", `{"status":"confirmed"}`)
	f.Add("0", `{"status":"Confirmed"}`)
	f.Add("9223372036854775808", `{"status":"\ud800"}`)
	f.Add("+7", `{"status":7}`)
	f.Fuzz(func(t *testing.T, id, body string) {
		r := httptest.NewRequest(http.MethodPut, "/orders/1", strings.NewReader(body))
		r.SetPathValue("id", id)
		c, err := decodeChangeStatus(r)
		if err != nil {
			wantInvalid(t, err)
			return
		}
		if _, err := domain.NewStatus(string(c.To)); err != nil || c.ID < 1 {
			t.Fatalf("%q with %q became %+v", id, body, c)
		}
	})
}

func FuzzList(f *testing.F) {
	f.Add("skip=0&limit=100&status=pending")
	f.Add("skip=-1&limit=101&status=")
	f.Add("skip=%00;limit=%zz")
	f.Add("skip=99999999999999999999&skip=1")
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/orders", nil)
		r.URL = &url.URL{Path: "/orders", RawQuery: query}
		l, err := decodeList(r)
		if err != nil {
			wantInvalid(t, err)
			return
		}
		if l.Skip < 0 || l.Limit < 1 || l.Limit > 100 || l.Status != nil && *l.Status == "" {
			t.Fatalf("%q became %+v", query, l)
		}
	})
}

func FuzzSettle(f *testing.F) {
	f.Add("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
	f.Add("{0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b}")
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, id string) {
		r := httptest.NewRequest(http.MethodPost, "/internal/reservations/x/settle", nil)
		r.SetPathValue("id", id)
		got, err := decodeSettle(r)
		if err != nil {
			wantInvalid(t, err)
			return
		}
		if string(got) != strings.ToLower(id) || len(got) != 36 {
			t.Fatalf("%q became %q", id, got)
		}
	})
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	if kind := errs.KindOf(err); kind != errs.Invalid {
		t.Fatalf("error %v of kind %s, want invalid", err, kind)
	}
}
