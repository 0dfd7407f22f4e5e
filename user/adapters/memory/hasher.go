package memory

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"

	"shop/user/domain"
	"shop/user/ports"
)

// Hasher is a hasher that takes no time and counts its calls. Its hashes are easy
// to guess, so it is for tests alone.
type Hasher struct {
	Hashed   atomic.Int64
	Verified atomic.Int64
	salt     atomic.Int64
	version  string
}

var _ ports.Hasher = (*Hasher)(nil)

// NewHasher returns a hasher that renews the hashes of any other version.
func NewHasher(version string) *Hasher { return &Hasher{version: version} }

// Hash implements ports.Hasher.
func (h *Hasher) Hash(_ context.Context, p domain.Password) (domain.PasswordHash, error) {
	h.Hashed.Add(1)
	return h.hash(p), nil
}

func (h *Hasher) hash(p domain.Password) domain.PasswordHash {
	return domain.StoredHash(fmt.Sprintf("%s:%d:%s", h.version, h.salt.Add(1), digest(p)))
}

func digest(p domain.Password) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(p.Text()))) }

// Verify implements ports.Hasher.
func (h *Hasher) Verify(_ context.Context, hash domain.PasswordHash, p domain.Password) (ports.Verdict, error) {
	h.Verified.Add(1)
	version, rest, _ := strings.Cut(hash.Text(), ":")
	_, got, _ := strings.Cut(rest, ":")
	switch {
	case got != digest(p):
		return ports.Verdict{}, nil
	case version != h.version:
		return ports.Verdict{Match: true, Renewed: h.hash(p)}, nil
	}
	return ports.Verdict{Match: true}, nil
}
