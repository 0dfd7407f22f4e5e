package templates

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"shop/kit/money"
	"shop/notification/domain"
)

// oneLine returns s with every run of white space, control and invisible
// formatting characters as one space, so that a product's name can neither start
// a line nor turn the writing direction of the text around it.
func oneLine(s string) string {
	visible := func(r rune) rune {
		if r == zeroWidthJoiner {
			return r // Emoji are built with it.
		}
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || r == utf8.RuneError {
			return ' '
		}
		return r
	}
	return strings.Join(strings.Fields(strings.Map(visible, s)), " ")
}

const zeroWidthJoiner = '\u200d'

// shorten returns at most limit characters of s, the last of them "…" if there
// were more.
func shorten(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return strings.TrimRight(string(runes[:limit-1]), " ") + "…"
}

// amount writes money for people: "24.000.000 ₫" and "19,99 ₫" in Vietnamese,
// "24,000,000 ₫" and "19.99 ₫" in English, with a space that does not break.
func amount(a money.Amount, locale domain.Locale, currency string) string {
	group, point := ".", ","
	if locale == domain.English {
		group, point = ",", "."
	}
	whole, cents, _ := strings.Cut(a.String(), ".")
	var b strings.Builder
	for i, digit := range whole {
		if left := len(whole) - i; i > 0 && left%3 == 0 && whole[i-1] != '-' {
			b.WriteString(group)
		}
		b.WriteRune(digit)
	}
	if strings.Trim(cents, "0") != "" {
		b.WriteString(point + cents)
	}
	if currency != "" {
		b.WriteString("\u00a0" + currency)
	}
	return b.String()
}
