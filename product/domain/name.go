package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"shop/kit/errs"
)

const (
	maxName        = 255  // characters
	maxDescription = 1000 // characters
)

// Name is what a product is called: 1 to 255 characters, not blank, no control
// characters. It is kept exactly as it was given.
type Name struct{ text string }

// NewName returns s as a Name or the *errs.Rule it breaks.
func NewName(s string) (Name, error) {
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return Name{}, errUnicode
	case n == 0:
		return Name{}, errs.TooShort(1)
	case n > maxName:
		return Name{}, errs.TooLong(maxName)
	case strings.ContainsFunc(s, unicode.IsControl):
		return Name{}, errControl
	case !strings.ContainsFunc(s, visible):
		return Name{}, errBlank
	}
	return Name{s}, nil
}

// visible reports whether r leaves ink: no space and no invisible formatting
// such as U+200B, of which a whole name would look empty.
func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

func (n Name) String() string { return n.text }

// Folded is the form that is searched and sorted; see Fold.
func (n Name) Folded() string { return Fold(n.text) }

// Description tells more about a product in at most 1000 characters. The zero
// Description is none at all, which is not the same as an empty one.
type Description struct {
	text  string
	given bool
}

// NewDescription returns s as a Description or the *errs.Rule it breaks. Line
// breaks are fine, NUL is not: no engine stores it as text.
func NewDescription(s string) (Description, error) {
	switch {
	case !utf8.ValidString(s):
		return Description{}, errUnicode
	case utf8.RuneCountInString(s) > maxDescription:
		return Description{}, errs.TooLong(maxDescription)
	case strings.ContainsRune(s, 0):
		return Description{}, errNUL
	}
	return Description{s, true}, nil
}

// Text returns the description and whether there is one.
func (d Description) Text() (string, bool) { return d.text, d.given }
