package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"shop/kit/errs"
)

// Length of a user name in characters.
const (
	minUsername = 3
	maxUsername = 50
)

// The rules that are a user name's own.
var (
	ErrUsernameEdges      = errs.Violates("username_edges")
	ErrUsernameCharacters = errs.Violates("username_characters")
)

// Username is the name a user goes by, in Unicode's composed form (NFC) and in
// the letter case the user chose. Names that differ by case only are the same
// name: compare Keys.
type Username struct{ text string }

// NewUsername returns s as a name of 3 to 50 characters without white space at
// its ends and without control or invisible characters.
func NewUsername(s string) (Username, error) {
	s = norm.NFC.String(s)
	switch n := utf8.RuneCountInString(s); {
	case n < minUsername:
		return Username{}, errs.TooShort(minUsername)
	case n > maxUsername:
		return Username{}, errs.TooLong(maxUsername)
	case strings.TrimSpace(s) != s:
		return Username{}, ErrUsernameEdges
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unseen):
		return Username{}, ErrUsernameCharacters
	}
	return Username{s}, nil
}

// StoredUsername returns a name that storage has kept; older rules may have let
// it in.
func StoredUsername(s string) Username { return Username{s} }

func (u Username) String() string { return u.text }

// Key identifies the name whatever its letter case.
func (u Username) Key() string { return NameKey(u.text) }

// NameKey is the key under which a user of this name would be found. Any text
// has one, so that someone who logs in with an impossible name is treated like
// someone with an unknown one.
func NameKey(name string) string {
	folded := cases.Fold().String(norm.NFD.String(name))
	return norm.NFC.String(strings.Map(oneCase, folded))
}

// oneCase returns the same character for all cases of r. Full folding, which
// knows that ß is ss, swaps the cases of a few scripts instead of joining them.
func oneCase(r rune) rune {
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

// unseen reports characters that a reader cannot see: controls, format
// characters such as zero-width spaces and direction overrides, private use,
// and line or paragraph separators.
func unseen(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp)
}
