package http

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"shop/kit/errs"

	"shop/product/domain"
)

var sorts = []string{"id", "-id", "name", "-name", "price", "-price", "created_at", "-created_at"}

func sortOf(t testing.TB, text string) domain.Sort {
	t.Helper()
	s, err := domain.NewSort(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCursorsComeBack(t *testing.T) {
	p := domain.Product{
		ID:        1<<62 + 1,
		Draft:     domain.Draft{Name: domain.RestoreName("Điện thoại  12 x"), Price: domain.RestorePrice(9_999_999_999)},
		CreatedAt: time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC),
	}
	for _, text := range sorts {
		want := domain.After(p, sortOf(t, text))
		got, err := parseCursor(formatCursor(want), want.Sort)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
		for _, other := range sorts {
			if _, err := parseCursor(formatCursor(want), sortOf(t, other)); (err == nil) != (other == text) {
				t.Errorf("cursor of %s taken for %s: %v", text, other, err)
			}
		}
	}
}

func TestBadCursors(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	for sort, cursors := range map[string][]string{
		"id": {
			"", "!", "aWQgNyA=", "aWQgNyB", encode([]byte("id 7")), encode([]byte("id 0 ")), encode([]byte("id -7 ")),
			encode([]byte("id x ")), encode([]byte("id 7 x")), encode([]byte("id 99999999999999999999 ")), encode([]byte("-id 7 ")),
		},
		"price": {encode([]byte("price 7 ")), encode([]byte("price 7 1.5")), encode([]byte("price 7 99999999999999999999"))},
		"name":  {encode([]byte("name 7 \xff")), encode([]byte("name 7 a\x00b")), encode([]byte("name 7"))},
	} {
		for _, text := range cursors {
			var rule *errs.Rule
			if _, err := parseCursor(text, sortOf(t, sort)); !errors.As(err, &rule) || rule.Code != "cursor_invalid" {
				t.Errorf("%s: %q: got %v", sort, text, err)
			}
		}
	}
}

// FuzzParseCursor: whatever a client makes up is refused or is a place that is
// written as it was read.
func FuzzParseCursor(f *testing.F) {
	for i, text := range []string{"aWQgNyA", "LWlkIDcg", "bmFtZSA3IGRpZW4", "cHJpY2UgNyAxMDA", "", "===="} {
		f.Add(text, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		sort := sortOf(t, sorts[int(n)%len(sorts)])
		c, err := parseCursor(text, sort)
		if err != nil {
			if rule := (*errs.Rule)(nil); !errors.As(err, &rule) {
				t.Fatalf("%q: %v is no rule", text, err)
			}
			return
		}
		again, err := parseCursor(formatCursor(c), sort)
		if err != nil || again != c || c.Sort != sort || c.ID < 1 {
			t.Fatalf("%q: %+v became %+v, %v", text, c, again, err)
		}
	})
}
