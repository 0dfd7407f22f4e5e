package domain

import (
	"unicode/utf8"

	"shop/kit/errs"
)

// maxPassword is far above what people type and keeps hashing cheap to bound:
// at most 1024 bytes of UTF-8.
const maxPassword = 256 // characters

// Password is a password in clear text, byte for byte as it was typed. It never
// prints.
type Password struct{ private }

// TypedPassword returns what someone typed to prove who they are; it need not
// satisfy any rule.
func TypedPassword(s string) Password { return Password{private{s}} }

// PasswordRule says which passwords may be chosen.
type PasswordRule struct{ MinLength int } // Characters.

// New returns s as a password that may be chosen from now on.
func (r PasswordRule) New(s string) (Password, error) {
	switch n := utf8.RuneCountInString(s); {
	case n < r.MinLength:
		return Password{}, errs.TooShort(r.MinLength)
	case n > maxPassword:
		return Password{}, errs.TooLong(maxPassword)
	}
	return TypedPassword(s), nil
}
