package domain

import (
	"errors"
	"math"
	"strings"
	"testing"

	"shop/kit/errs"
)

func TestNumbers(t *testing.T) {
	tests := []struct {
		n            int64
		id, quantity string // The rule it breaks.
	}{
		{math.MinInt64, "greater_than_equal", "greater_than_equal"},
		{-1, "greater_than_equal", "greater_than_equal"},
		{0, "greater_than_equal", "greater_than_equal"},
		{1, "", ""},
		{MaxQuantity, "", ""},
		{MaxQuantity + 1, "", "less_than_equal"},
		{math.MaxInt64, "", "less_than_equal"},
	}
	for _, test := range tests {
		_, err := NewOrderID(test.n)
		wantRule(t, "order id", test.n, err, test.id)
		_, err = NewProductID(test.n)
		wantRule(t, "product id", test.n, err, test.id)
		_, err = NewQuantity(test.n)
		wantRule(t, "quantity", test.n, err, test.quantity)
	}
}

func TestNewStatus(t *testing.T) {
	for _, s := range Statuses() {
		if got, err := NewStatus(string(s)); err != nil || got != s {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "Pending", "CANCELLED", "pending ", "done", "deleted"} {
		_, err := NewStatus(s)
		wantRule(t, "status", s, err, "enum")
	}
}

func TestNewReservationID(t *testing.T) {
	const id = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
	if got, err := NewReservationID(strings.ToUpper(id)); err != nil || got != id {
		t.Errorf("upper case: %q, %v", got, err)
	}
	for _, s := range []string{"", "7", "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), id + "0", id[:35] + "g"} {
		_, err := NewReservationID(s)
		wantRule(t, "reservation id", s, err, "uuid_parsing")
	}
}

func TestNewIdempotencyKey(t *testing.T) {
	tests := []struct{ key, rule string }{
		{"k", ""},
		{"a key with ~ and !", ""},
		{strings.Repeat("k", 255), ""},
		{"", "string_too_short"},
		{strings.Repeat("k", 256), "string_too_long"},
		{"khoá", "printable_ascii"},
		{"tab\t", "printable_ascii"},
		{"nul\x00", "printable_ascii"},
		{"del\x7f", "printable_ascii"},
		{"\xff", "printable_ascii"},
	}
	for _, test := range tests {
		_, err := NewIdempotencyKey(test.key)
		wantRule(t, "idempotency key", test.key, err, test.rule)
	}
}

func wantRule(t *testing.T, what string, value any, err error, code string) {
	t.Helper()
	var rule *errs.Rule
	switch {
	case code == "" && err != nil:
		t.Errorf("%s %v: %v", what, value, err)
	case code != "" && (!errors.As(err, &rule) || rule.Code != code):
		t.Errorf("%s %v: %v, want %s", what, value, err, code)
	}
}
