package redis

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"

	"shop/kit/money"

	"shop/product/domain"
)

// scan reads what marshal writes, and nothing else: the same members in the same
// order, strings without escapes. It is there because reading a product is what
// this service does most, and encoding/json takes several times as long for it;
// FuzzScan holds it to the same result. ok is false where the object may still be
// a product in another dress.
func scan(object []byte, version int64) (p domain.Product, ok bool) {
	s := scanner{rest: object, ok: true}
	s.expect(`{"id":`)
	p.ID = domain.ID(s.digits())
	s.expect(`,"name":`)
	p.Name = domain.RestoreName(s.text())
	s.expect(`,"description":`)
	if !s.skip(`null`) {
		text := s.text()
		p.Description = domain.RestoreDescription(&text)
	}
	s.expect(`,"price":`)
	p.Price = domain.RestorePrice(s.amount())
	s.expect(`,"quantity":`)
	p.Quantity = domain.Quantity(s.digits())
	s.expect(`,"created_at":`)
	p.CreatedAt = s.instant()
	s.expect(`,"updated_at":`)
	p.UpdatedAt = s.instant()
	s.expect(`}`)
	if !s.ok || len(s.rest) > 0 {
		return domain.Product{}, false
	}
	p.Version = version
	return p, true
}

// scanner takes an object apart from its beginning. Once something is not as
// expected, ok is false and the values mean nothing.
type scanner struct {
	rest []byte
	ok   bool
}

func (s *scanner) skip(literal string) bool {
	if len(s.rest) < len(literal) || string(s.rest[:len(literal)]) != literal {
		return false
	}
	s.rest = s.rest[len(literal):]
	return true
}

func (s *scanner) expect(literal string) { s.ok = s.skip(literal) && s.ok }

// take returns the next n bytes.
func (s *scanner) take(n int) []byte {
	if n < 0 || n > len(s.rest) {
		s.ok = false
		return nil
	}
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	return taken
}

// digits returns the number that is next, without sign and leading zeros.
func (s *scanner) digits() int64 {
	n := 0
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	text := s.take(n)
	number, err := strconv.ParseInt(string(text), 10, 64)
	s.ok = s.ok && err == nil && (n == 1 || text[0] != '0')
	return number
}

// amount reads 19.99.
func (s *scanner) amount() money.Amount {
	const minor, most = 100, int64(money.MaxInput)
	major := s.digits()
	s.expect(`.`)
	cents := s.take(2)
	s.ok = s.ok && major <= most && cents[0] >= '0' && cents[0] <= '9' && cents[1] >= '0' && cents[1] <= '9'
	if !s.ok {
		return 0
	}
	return money.Amount(major*minor + int64(cents[0]-'0')*10 + int64(cents[1]-'0'))
}

// text reads a string without escapes.
func (s *scanner) text() string {
	s.expect(`"`)
	text := s.take(bytes.IndexByte(s.rest, '"'))
	s.expect(`"`)
	for _, c := range text {
		if c < ' ' || c == '\\' {
			s.ok = false
		}
	}
	if s.ok = s.ok && utf8.Valid(text); !s.ok {
		return ""
	}
	return string(text)
}

// instant reads a time.
func (s *scanner) instant() time.Time {
	text := s.take(len(layout))
	if !s.ok || text[len(text)-2] != 'Z' || text[0] != '"' || text[len(text)-1] != '"' {
		s.ok = false
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(text[1:len(text)-1])) // The one layout that time reads quickly.
	s.ok = err == nil
	return t
}
