package http

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"

	"shop/product/domain"
)

func request(t testing.TB, method, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.SetPathValue("id", "7")
	return r
}

func TestMatch(t *testing.T) {
	for header, want := range map[string]struct {
		required bool
		versions []int64
	}{
		`"7-3"`:                         {true, []int64{3}},
		`"7-3", "7-12"`:                 {true, []int64{3, 12}},
		`*`:                             {false, nil},
		`"7-3", *`:                      {false, nil},
		`W/"7-3"`:                       {true, nil},
		`"8-3"`:                         {true, nil},
		`"7-03", "7-+3", "7-3 ", 7-3`:   {true, nil},
		`"7-99999999999999999999", "-"`: {true, nil},
		`nonsense`:                      {true, nil},
	} {
		r := request(t, http.MethodPut, "/products/7", "")
		r.Header.Set("If-Match", header)
		if m := match(r, 7); m.Required != want.required || !slices.Equal(m.Versions, want.versions) {
			t.Errorf("%s: got %+v", header, m)
		}
	}
	if m := match(request(t, http.MethodPut, "/products/7", ""), 7); m.Required {
		t.Errorf("without If-Match: %+v", m)
	}
}

// Every fault of a body, of the path and of a query is told at once.
func TestAllFaultsAtOnce(t *testing.T) {
	post := request(t, http.MethodPost, "/products", `{"name":" ","description":7,"price":"0.004","quantity":-1}`)
	put := request(t, http.MethodPut, "/products/x", `{"name":"a\u0000b","description":"\ud800","price":1e99,"quantity":1.5}`)
	put.SetPathValue("id", "x")
	list := request(t, http.MethodGet, "/products?skip=-1&limit=101&q=%00&min_price=x&max_price=-1&in_stock=maybe&sort=quantity&after=!", "")
	reserve := request(t, http.MethodPost, "/internal/reservations", `{"reservation_id":"7","product_id":0,"quantity":0}`)
	_, errPost := decodeCreate(post)
	_, errPut := decodeUpdate(put)
	_, errList := decodeList(list)
	_, errReserve := decodeReserve(reserve)
	for name, tt := range map[string]struct {
		err  error
		want []string
	}{
		"create":  {errPost, []string{"name blank", "description string_type", "price greater_than", "quantity greater_than_equal"}},
		"update":  {errPut, []string{"id int_parsing", "name string_nul", "description string_unicode", "price less_than_equal", "quantity int_from_float"}},
		"reserve": {errReserve, []string{"reservation_id uuid_parsing", "product_id greater_than_equal", "quantity greater_than_equal"}},
		"list": {errList, []string{
			"skip greater_than_equal", "limit less_than_equal", "q string_nul", "min_price decimal_parsing",
			"max_price greater_than_equal", "in_stock bool_parsing", "sort enum", "after cursor_invalid",
		}},
	} {
		var got []string
		for _, f := range errs.Of(tt.err).Faults {
			got = append(got, f.Loc[1].(string)+" "+f.Code) //nolint:forcetypeassert // A panic fails the test.
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, tt.want)
		}
	}
}

// FuzzDecodeBodies: no body gets anything but a valid value or a refusal.
func FuzzDecodeBodies(f *testing.F) {
	for _, body := range []string{
		`{"name":"Laptop","description":null,"price":19.99,"quantity":3}`,
		`{"name":"a","description":"b","price":"1e2","quantity":1e2}`,
		`{"reservation_id":"0197f3a2-7c1e-7b32-9a51-3f0c5d2e8b11","product_id":7,"quantity":2}`,
		`{"price":1e-999999999}`, `[]`, `null`, `{"name":"\ud800"}`, "{", "",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d, errCreate := decodeCreate(request(t, http.MethodPost, "/products", body))
		u, errUpdate := decodeUpdate(request(t, http.MethodPut, "/products/7", body))
		c, errReserve := decodeReserve(request(t, http.MethodPost, "/internal/reservations", body))
		for _, err := range []error{errCreate, errUpdate, errReserve} {
			if err != nil && errs.KindOf(err) != errs.Invalid {
				t.Fatalf("%q: %v", body, err)
			}
		}
		if errCreate == nil && !valid(d) {
			t.Fatalf("%q became %+v", body, d)
		}
		if errUpdate == nil && !valid(laptop(t).Apply(u.Change, time.Time{}).Draft) {
			t.Fatalf("%q became %+v", body, u)
		}
		if errReserve == nil && (c.Product < 1 || c.Quantity < 1 || c.Quantity > domain.MaxQuantity) {
			t.Fatalf("%q became %+v", body, c)
		}
	})
}

// FuzzDecodeList: no query gets anything but a valid list or a refusal.
func FuzzDecodeList(f *testing.F) {
	for _, query := range []string{
		"", "skip=0&limit=100", "q=%C4%91i%E1%BB%87n+tho%E1%BA%A1i&sort=-price&in_stock=true", "min_price=1&max_price=1e3",
		"after=aWQgNyA", "q=%25_%5C", "limit=0", "sort=;", "q=%ff", "%",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := request(t, http.MethodGet, "/products", "")
		r.URL.RawQuery = query
		l, err := decodeList(r)
		switch {
		case err != nil && errs.KindOf(err) != errs.Invalid:
			t.Fatalf("%q: %v", query, err)
		case err == nil && (l.Skip < 0 || l.Limit < 1 || l.Limit > 100):
			t.Fatalf("%q became %+v", query, l)
		case err == nil && l.After != nil && l.After.Sort != l.Sort:
			t.Fatalf("%q has a cursor of another sort: %+v", query, l)
		}
	})
}

func laptop(t testing.TB) domain.Product {
	t.Helper()
	name, errName := domain.NewName("Laptop")
	price, errPrice := domain.NewPrice("1")
	if err := errors.Join(errName, errPrice); err != nil {
		t.Fatal(err)
	}
	return domain.Product{Draft: domain.Draft{Name: name, Price: price}}
}

// valid reports whether d breaks no rule when its fields are made anew.
func valid(d domain.Draft) bool {
	_, errName := domain.NewName(d.Name.String())
	text, _ := d.Description.Text()
	_, errText := domain.NewDescription(text)
	_, errPrice := domain.PriceOf(d.Price.Amount())
	_, errQuantity := domain.NewQuantity(int64(d.Quantity))
	return errors.Join(errName, errText, errPrice, errQuantity) == nil
}

func TestEveryRefusalHasItsText(t *testing.T) {
	codes := []string{
		domain.ErrProductNotFound.Code, domain.ErrProductChanged.Code, domain.ErrInsufficientStock.Code,
		domain.ErrReservationReleased.Code, domain.ErrReservationMismatch.Code,
		"unauthenticated", "auth_unavailable",
		"blank", "control_character", "cursor_invalid", "string_nul", "string_unicode", "string_too_short", "string_too_long",
		"decimal_parsing", "uuid_parsing", "greater_than", "greater_than_equal", "less_than_equal", "enum",
	}
	if missing := Texts().Missing(codes...); len(missing) > 0 {
		t.Errorf("no text for %v", missing)
	}
	for code, text := range Texts() {
		if !slices.Contains(codes, code) {
			t.Errorf("nothing is refused with %s: %v", code, text)
		}
	}
}
