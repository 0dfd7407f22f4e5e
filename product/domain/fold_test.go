package domain_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"shop/product/domain"
)

func TestFold(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"case":            {"LapTop 14", "laptop 14"},
		"accents":         {"Điện Thoại Ốp Lưng ƠƯ", "dien thoai op lung ou"},
		"decomposed":      {norm.NFD.String("Điện thoại"), "dien thoai"},
		"sharp s":         {"Straße ẞ", "strasse ss"},
		"dotted I":        {"İstanbul", "istanbul"},
		"Greek":           {"Ὀδυσσεύς", "οδυσσευσ"},
		"Korean is whole": {"한국어", "한국어"},
		"Cherokee":        {"ᎣᏏᏲ ꭳꮟᏺ", "ꭳꮟᏺ ꭳꮟᏺ"},
		"signs stay":      {"100% _\\ 😀", "100% _\\ 😀"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := domain.Fold(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNewWords(t *testing.T) {
	for query, want := range map[string][]string{
		"":                        nil,
		" \u00a0 ":                nil,
		"Điện  THOẠI dien":        {"dien", "thoai"},
		"100% a_b":                {"100%", "a_b"},
		"\u0301":                  nil,
		strings.Repeat("ế ", 127): {"e"},
	} {
		if got, err := domain.NewWords(query); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v, want %q", query, got, err, want)
		}
	}
	for query, want := range map[string]string{
		strings.Repeat("a", 256): "string_too_long", "a\x00": "string_nul", "\xff": "string_unicode",
	} {
		if _, err := domain.NewWords(query); broken(t, err) != want {
			t.Errorf("%q: got %v, want %s", query, err, want)
		}
	}
}

func TestFoldProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		folded := domain.Fold(s)
		if again := domain.Fold(folded); again != folded {
			t.Fatalf("%q folds to %q and then to %q", s, folded, again)
		}
		if upper := domain.Fold(norm.NFD.String(s)); upper != folded {
			t.Fatalf("decomposed, %q folds to %q, not %q", s, upper, folded)
		}
	})
}

// FuzzSearch: no query breaks folding, and a name is found by each of its words.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"Điện thoại", "100% _\\", "İ", "한국어", "\xff", "ﬁ ǰ ΐ", "\u0345\u1fb3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := domain.Fold(s)
		if utf8.ValidString(s) && !utf8.ValidString(folded) {
			t.Fatalf("%q folds to invalid %q", s, folded)
		}
		if domain.Fold(folded) != folded {
			t.Fatalf("%q folds to %q and then to %q", s, folded, domain.Fold(folded))
		}
		name, err := domain.NewName(s)
		if err != nil {
			return
		}
		words, err := domain.NewWords(s)
		if err != nil {
			t.Fatalf("name %q is no query: %v", s, err)
		}
		p := domain.Product{Draft: domain.Draft{Name: name}}
		if !(domain.Filter{Words: words}).Matches(p) {
			t.Fatalf("%q is not found by %q", s, words)
		}
	})
}
