package money

import (
	"fmt"

	"github.com/shopspring/decimal"
)

const (
	maxText = 256 // bytes; a longer text is refused unread.

	// Beyond this exponent the digits of a text of maxText bytes no longer matter:
	// what is not zero overflows an Amount, or rounds to zero.
	maxExponent = maxText + 20
)

// Parse reads decimal text, as JSON writes numbers or plain ("19.99", "2.4e7",
// ".5", "+007"), and rounds it to two digits, halves away from zero. It returns
// ErrSyntax for anything else and ErrRange for what does not fit.
func Parse(s string) (Amount, error) {
	if len(s) > maxText {
		return 0, ErrRange
	}
	zero, exponent, ok := scan(s)
	switch {
	case !ok:
		return 0, ErrSyntax
	case zero || exponent < -maxExponent:
		return 0, nil
	case exponent > maxExponent:
		return 0, ErrRange
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	units := d.Shift(2).Round(0).BigInt()
	if !units.IsInt64() {
		return 0, ErrRange
	}
	return Amount(units.Int64()), nil
}

// scan checks that s is [+-] digits [. digits] [e [+-] digits], with a digit on
// at least one side of the point. It reports whether all digits before the
// exponent are zero, and the exponent, cut off soon after maxExponent.
func scan(s string) (zero bool, exponent int, ok bool) {
	i := sign(s, 0)
	start := i
	zero = true
	digits, points := 0, 0
	for ; i < len(s) && s[i] != 'e' && s[i] != 'E'; i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
			zero = zero && c == '0'
		case c == '.' && points == 0:
			points++
		default:
			return false, 0, false
		}
	}
	if digits == 0 || i-start != digits+points {
		return false, 0, false
	}
	if i == len(s) {
		return zero, 0, true
	}
	i++ // The e.
	negative := i < len(s) && s[i] == '-'
	i = sign(s, i)
	if i == len(s) {
		return false, 0, false
	}
	for ; i < len(s); i++ {
		c := s[i]
		if c < '0' || '9' < c {
			return false, 0, false
		}
		if exponent <= maxExponent {
			exponent = exponent*10 + int(c-'0')
		}
	}
	if negative {
		exponent = -exponent
	}
	return zero, exponent, true
}

// sign returns the position after an optional sign at i.
func sign(s string, i int) int {
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		return i + 1
	}
	return i
}
