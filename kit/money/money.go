// Package money holds amounts of money exactly, as whole minor units. No float
// is involved anywhere, and no text, however hostile, costs more than its size.
package money

import (
	"encoding/json"
	"math"
	"strconv"

	"shop/kit/errs"
)

// Amount is money in minor units: 1999 is 19.99. In a database it is a BIGINT,
// in JSON a number with two digits.
type Amount int64

// MaxInput is 99999999.99, the most a client may send.
const MaxInput Amount = 9_999_999_999

// minor is how many minor units make one major unit.
const minor = 100

// What Parse and Times refuse. Both are rules, so that a domain constructor can
// return them as they are.
var (
	ErrSyntax = errs.Violates("decimal_parsing")    // Not a decimal number.
	ErrRange  = errs.Violates("decimal_max_digits") // Does not fit an Amount.
)

// Times returns a × n, exactly, or ErrRange.
func (a Amount) Times(n int64) (Amount, error) {
	product := int64(a) * n
	if a != 0 && (product/int64(a) != n || (a == -1 && n == math.MinInt64)) {
		return 0, ErrRange
	}
	return Amount(product), nil
}

// String returns the amount with two digits: "24000000.00", "-0.05".
func (a Amount) String() string { return string(a.append(make([]byte, 0, 24))) }

// AppendText appends what String returns to b.
func (a Amount) AppendText(b []byte) ([]byte, error) { return a.append(b), nil }

// MarshalJSON returns the amount as a JSON number with two digits.
func (a Amount) MarshalJSON() ([]byte, error) { return a.append(make([]byte, 0, 24)), nil }

// UnmarshalJSON accepts a number or a string that holds one; see Parse. As
// everywhere in encoding/json, null changes nothing.
func (a *Amount) UnmarshalJSON(b []byte) error {
	text := string(b)
	switch {
	case text == "null":
		return nil
	case len(b) > 0 && b[0] == '"':
		if err := json.Unmarshal(b, &text); err != nil {
			return ErrSyntax
		}
	}
	parsed, err := Parse(text)
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

func (a Amount) append(b []byte) []byte {
	u := uint64(a)
	if a < 0 {
		b = append(b, '-')
		u = -u // In two's complement right for the least Amount too.
	}
	b = strconv.AppendUint(b, u/minor, 10)
	cents := byte(u % minor)
	return append(b, '.', '0'+cents/10, '0'+cents%10)
}
