package domain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/money"

	"shop/product/domain"
)

// broken returns the code of the rule that err is, "" for none.
func broken(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var rule *errs.Rule
	if !errors.As(err, &rule) {
		t.Fatalf("%v is no rule", err)
	}
	return rule.Code
}

func TestNewName(t *testing.T) {
	tests := map[string]struct{ name, want string }{
		"one letter":              {"a", ""},
		"Vietnamese":              {"Điện thoại Ốp lưng", ""},
		"spaces around stay":      {" a ", ""},
		"255 characters, 3 bytes": {strings.Repeat("ế", 255), ""},
		"256 characters":          {strings.Repeat("a", 256), "string_too_long"},
		"empty":                   {"", "string_too_short"},
		"spaces":                  {" \u00a0\u3000", "blank"},
		"invisible":               {"\u200b\u2060\ufeff", "blank"},
		"NUL":                     {"a\x00b", "control_character"},
		"line break":              {"a\nb", "control_character"},
		"C1 control":              {"a\u0085b", "control_character"},
		"not UTF-8":               {"a\xff", "string_unicode"},
		"surrogate":               {"\xed\xa0\x80", "string_unicode"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n, err := domain.NewName(tt.name)
			if got := broken(t, err); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			if err == nil && n.String() != tt.name {
				t.Errorf("kept %q of %q", n, tt.name)
			}
		})
	}
}

func TestNewDescription(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"empty":           {"", ""},
		"line breaks":     {"a\r\n\tb", ""},
		"1000 characters": {strings.Repeat("ế", 1000), ""},
		"1001 characters": {strings.Repeat("a", 1001), "string_too_long"},
		"NUL":             {"a\x00", "string_nul"},
		"not UTF-8":       {"\xc3", "string_unicode"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := domain.NewDescription(tt.text)
			if got := broken(t, err); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			if text, given := d.Text(); err == nil && (text != tt.text || !given) {
				t.Errorf("kept %q, %v", text, given)
			}
		})
	}
	if _, given := (domain.Description{}).Text(); given {
		t.Error("the zero description is given")
	}
}

func TestPrices(t *testing.T) {
	tests := map[string]struct{ text, price, bound string }{
		"a cent":                    {"0.01", "0.01", "0.01"},
		"half a cent, up":           {"0.005", "0.01", "0.01"},
		"less than half a cent":     {"0.0049999", "greater_than", "0.00"},
		"zero":                      {"0", "greater_than", "0.00"},
		"negative":                  {"-0.01", "greater_than", "greater_than_equal"},
		"the most":                  {"99999999.99", "99999999.99", "99999999.99"},
		"rounded to the most":       {"99999999.994", "99999999.99", "99999999.99"},
		"rounded past the most":     {"99999999.995", "less_than_equal", "less_than_equal"},
		"exponent":                  {"24e6", "24000000.00", "24000000.00"},
		"vast":                      {"1e999999999", "less_than_equal", "less_than_equal"},
		"vast and negative":         {"-1e999999999", "greater_than", "greater_than_equal"},
		"vanishing":                 {"1e-999999999", "greater_than", "0.00"},
		"no number":                 {"mười", "decimal_parsing", "decimal_parsing"},
		"not a number":              {"NaN", "decimal_parsing", "decimal_parsing"},
		"nothing":                   {"", "decimal_parsing", "decimal_parsing"},
		"a comma where a point was": {"1,5", "decimal_parsing", "decimal_parsing"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := domain.NewPrice(tt.text)
			if got := outcome(t, p.Amount(), err); got != tt.price {
				t.Errorf("price: got %s, want %s", got, tt.price)
			}
			b, err := domain.NewPriceBound(tt.text)
			if got := outcome(t, b, err); got != tt.bound {
				t.Errorf("bound: got %s, want %s", got, tt.bound)
			}
		})
	}
}

func outcome(t *testing.T, a money.Amount, err error) string {
	t.Helper()
	if err != nil {
		return broken(t, err)
	}
	return a.String()
}

func TestQuantities(t *testing.T) {
	tests := []struct {
		n              int64
		stock, reserve string
	}{
		{-1 << 63, "greater_than_equal", "greater_than_equal"},
		{-1, "greater_than_equal", "greater_than_equal"},
		{0, "", "greater_than_equal"},
		{1, "", ""},
		{2147483647, "", ""},
		{2147483648, "less_than_equal", "less_than_equal"},
	}
	for _, tt := range tests {
		_, err := domain.NewQuantity(tt.n)
		if got := broken(t, err); got != tt.stock {
			t.Errorf("stock of %d: got %q, want %q", tt.n, got, tt.stock)
		}
		_, err = domain.NewPieces(tt.n)
		if got := broken(t, err); got != tt.reserve {
			t.Errorf("reserving %d: got %q, want %q", tt.n, got, tt.reserve)
		}
	}
}

func TestNewReservationID(t *testing.T) {
	const id = "0197f3a2-7c1e-7b32-9a51-3f0c5d2e8b11"
	for text, want := range map[string]string{
		id: "", strings.ToUpper(id): "", "{" + id + "}": "uuid_parsing", "urn:uuid:" + id: "uuid_parsing",
		strings.ReplaceAll(id, "-", ""): "uuid_parsing", "": "uuid_parsing", id[:35] + "g": "uuid_parsing",
	} {
		got, err := domain.NewReservationID(text)
		if code := broken(t, err); code != want {
			t.Errorf("%q: got %q, want %q", text, code, want)
		}
		if err == nil && got.String() != id {
			t.Errorf("%q became %s", text, got)
		}
	}
}

func TestNewSort(t *testing.T) {
	for _, text := range []string{"id", "-id", "name", "-name", "price", "-price", "created_at", "-created_at"} {
		if s, err := domain.NewSort(text); err != nil || s.String() != text {
			t.Errorf("%q became %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "-", "--id", "ID", "quantity", "id,name", "name; DROP TABLE products", "+id"} {
		if _, err := domain.NewSort(text); broken(t, err) != "enum" {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestProductChanges(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 1999, time.FixedZone("", 7*3600))
	name, _ := domain.NewName("Laptop")
	price, _ := domain.NewPrice("10")
	p := domain.NewProduct(domain.Draft{Name: name, Price: price, Quantity: 3}, noon)
	if p.Version != 1 || p.CreatedAt.Location() != time.UTC || p.CreatedAt.Nanosecond() != 1000 {
		t.Errorf("new: %+v", p)
	}
	if got := p.Apply(domain.Change{Name: &name, Price: &price}, noon.Add(1)); got != p {
		t.Errorf("no change: %+v", got)
	}
	none := domain.Quantity(0)
	if got := p.Apply(domain.Change{Quantity: &none}, noon.Add(time.Hour)); got.Quantity != 0 || got.Version != 2 || got.UpdatedAt != p.CreatedAt.Add(time.Hour) {
		t.Errorf("changed: %+v", got)
	}
	less, err := p.Take(3, noon)
	if err != nil || less.Quantity != 0 || less.Version != 2 {
		t.Errorf("taken: %+v, %v", less, err)
	}
	if _, err := less.Take(1, noon); !errors.Is(err, domain.ErrInsufficientStock) {
		t.Errorf("taken from nothing: %v", err)
	}
	if back := less.Give(3, noon); back.Quantity != 3 || back.Version != 3 {
		t.Errorf("given back: %+v", back)
	}
}
