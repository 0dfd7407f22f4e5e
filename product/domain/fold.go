package domain

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold brings s to the form in which names are compared: without accents, in
// folded case, đ as d. "Điện thoại" and "dien THOAI" fold alike. Folding twice
// changes nothing.
func Fold(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	s = strings.ToLower(cases.Fold().String(strip(s))) // Fold turns small Cherokee letters into capitals and back.
	return norm.NFC.String(strip(s))                   // Folding may bring back marks; NFC joins Hangul again.
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// strip takes the accents off the letters of s. Đ and đ do not decompose: their
// stroke is part of the letter.
func strip(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ', r == 'Đ':
			return 'd'
		}
		return r
	}, norm.NFD.String(s))
}

// words splits folded text at its spaces, each word once.
func words(folded string) []string {
	var unique []string
	seen := map[string]bool{}
	for _, w := range strings.Fields(folded) {
		if !seen[w] {
			seen[w] = true
			unique = append(unique, w)
		}
	}
	return unique
}
