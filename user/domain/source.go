package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
)

// Address is where a client comes from, as far as failures are counted: one IPv4
// address, or the /64 network of an IPv6 one, which is the least that one
// customer of a provider controls. The zero Address is an unknown one.
type Address struct{ prefix netip.Prefix }

const ipv6Customer = 64 // bits

// NewAddress returns the address of ip.
func NewAddress(ip netip.Addr) Address {
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = ipv6Customer
	}
	prefix, err := ip.Prefix(bits)
	if err != nil { // Only the zero Addr has none.
		return Address{}
	}
	return Address{prefix}
}

func (a Address) String() string {
	switch {
	case !a.prefix.IsValid():
		return "unknown"
	case a.prefix.IsSingleIP():
		return a.prefix.Addr().String()
	default:
		return a.prefix.String()
	}
}

// Origin is what failed logins are counted by: an account, known or not, and the
// address it is tried from.
type Origin struct {
	NameKey string
	Address Address
}

// Keys identify the records of the origin's account from its address and from
// everywhere. They are of one length, however long a name someone makes up, and
// keep addresses and names that do not exist out of storage.
func (o Origin) Keys() (here, everywhere string) {
	return digest("here", o.NameKey, o.Address.String()), digest("everywhere", o.NameKey)
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		inner := sha256.Sum256([]byte(p))
		h.Write(inner[:]) // A hash never fails to write.
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
