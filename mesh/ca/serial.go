package ca

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"
)

// randomBits of a serial number come after the time.
const randomBits = 64

// newSerial returns a number as RFC 5280 wants it, positive and at most 20 octets:
// the time and random bits. It is larger than after, whatever the clock says.
func newSerial(now time.Time, after *x509.Certificate) (*big.Int, error) {
	random, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), randomBits))
	if err != nil {
		return nil, err
	}
	head := big.NewInt(max(now.UnixNano(), 1))
	if after != nil {
		if last := new(big.Int).Rsh(after.SerialNumber, randomBits); head.Cmp(last) <= 0 {
			head = last.Add(last, big.NewInt(1))
		}
	}
	return random.Add(random, head.Lsh(head, randomBits)), nil
}

func serial(c *x509.Certificate) string { return fmt.Sprintf("%032x", c.SerialNumber) }
