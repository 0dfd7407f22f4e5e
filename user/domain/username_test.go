package domain

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"shop/kit/errs"
)

func TestNewUsername(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want string
		rule error
	}{
		"letters":                      {in: "an.nguyen", want: "an.nguyen"},
		"keeps its case":               {in: "AnNguyen", want: "AnNguyen"},
		"Vietnamese, decomposed":       {in: norm.NFD.String("Nguyễn Ân"), want: "Nguyễn Ân"},
		"three characters":             {in: "đàn", want: "đàn"},
		"three after composing only":   {in: norm.NFD.String("ẩẩẩ"), want: "ẩẩẩ"},
		"fifty characters":             {in: strings.Repeat("ổ", 50), want: strings.Repeat("ổ", 50)},
		"two characters":               {in: "ab", rule: errs.TooShort(3)},
		"two, decomposed into six":     {in: norm.NFD.String("ẩẩ"), rule: errs.TooShort(3)},
		"fifty-one characters":         {in: strings.Repeat("a", 51), rule: errs.TooLong(50)},
		"empty":                        {in: "", rule: errs.TooShort(3)},
		"leading space":                {in: " abc", rule: ErrUsernameEdges},
		"trailing no-break space":      {in: "abc\u00a0", rule: ErrUsernameEdges},
		"only spaces":                  {in: "    ", rule: ErrUsernameEdges},
		"trailing newline":             {in: "abc\n", rule: ErrUsernameEdges},
		"tab inside":                   {in: "ab\tcd", rule: ErrUsernameCharacters},
		"NUL inside":                   {in: "ab\x00cd", rule: ErrUsernameCharacters},
		"zero-width space inside":      {in: "ad\u200bmin", rule: ErrUsernameCharacters},
		"direction override inside":    {in: "ad\u202emin", rule: ErrUsernameCharacters},
		"line separator inside":        {in: "ad\u2028min", rule: ErrUsernameCharacters},
		"private use inside":           {in: "ad\ue000min", rule: ErrUsernameCharacters},
		"invalid UTF-8":                {in: "ab\xffcd", rule: ErrUsernameCharacters},
		"emoji":                        {in: "an🌸an", want: "an🌸an"},
		"space inside":                 {in: "an nguyen", want: "an nguyen"},
		"SQL and markup are just text": {in: `x'; DROP<b>`, want: `x'; DROP<b>`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := NewUsername(tc.in)
			if tc.rule != nil {
				if !errors.Is(err, tc.rule) {
					t.Fatalf("got %q, %v; want the rule %v", got, err, tc.rule)
				}
				return
			}
			if err != nil || got.String() != tc.want {
				t.Fatalf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func TestNamesThatDifferByCaseOnlyHaveOneKey(t *testing.T) {
	for _, pair := range [][2]string{
		{"Anna", "aNNA"}, {"ĐỨC", "đức"}, {"Straße", "STRASSE"}, {"ΣΊΣΥΦΟΣ", "σίσυφος"}, {"ᏳᏳᏳ", "ᏻᏻᏻ"}, {"ᎠᎠᎠ", "ꭰꭰꭰ"}, {"\u212aelvin", "kelvin"},
		{norm.NFC.String("Nguyễn"), norm.NFD.String("NGUYỄN")},
	} {
		if a, b := NameKey(pair[0]), NameKey(pair[1]); a != b {
			t.Errorf("keys of %q and %q differ: %q, %q", pair[0], pair[1], a, b)
		}
	}
	for _, pair := range [][2]string{{"an", "ân"}, {"duc", "đuc"}, {"an nguyen", "annguyen"}} {
		if NameKey(pair[0]) == NameKey(pair[1]) {
			t.Errorf("%q and %q have one key", pair[0], pair[1])
		}
	}
}

func FuzzUsername(f *testing.F) {
	for _, s := range []string{"an.nguyen", "Nguyễn Ân", " x ", "ab\x00", "\xff\xfe\xfd", "ẞß", "İstanbul", "Ᏻ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := NameKey(s)
		if again := NameKey(key); again != key {
			t.Errorf("the key of %q is not stable: %q, then %q", s, key, again)
		}
		name, err := NewUsername(s)
		if err != nil {
			if rule := (*errs.Rule)(nil); !errors.As(err, &rule) {
				t.Fatalf("%q is refused by %T, want a rule", s, err)
			}
			return
		}
		text := name.String()
		if !utf8.ValidString(text) || !norm.NFC.IsNormalString(text) || strings.TrimSpace(text) != text {
			t.Errorf("%q became the name %q", s, text)
		}
		if again, err := NewUsername(text); err != nil || again != name {
			t.Errorf("the name %q is not a name any more: %q, %v", text, again, err)
		}
		if name.Key() != key {
			t.Errorf("%q has the key %q as a name and %q as text", s, name.Key(), key)
		}
	})
}
