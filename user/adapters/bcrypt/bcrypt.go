// Package bcrypt hashes passwords with bcrypt.
package bcrypt

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"shop/user/domain"
	"shop/user/ports"
)

// The costs that New accepts. Each step doubles the work; 31 takes hours.
const (
	MinCost = bcrypt.MinCost
	MaxCost = 20
)

const (
	maxBytes = 72 // All that bcrypt reads of a password.

	// prehashed marks a hash of a digest of the password. Without it a hash is a
	// plain bcrypt one, as the system before this one stored them.
	prehashed = "hs256"
	// digestKey keeps these digests apart from every other SHA-256 of the same
	// password that may have leaked elsewhere.
	digestKey = "shop/user password v1"

	// nobody is the end of a bcrypt hash that no password has: 22 characters of
	// salt and a digest that nobody computed.
	nobody = "N0bodyHasThisPassword.O" + "ThisIsNotADigestOfAnything.1.2"
)

// Hasher implements ports.Hasher. It does not bound how much runs at once: see
// Bounded.
type Hasher struct {
	cost    int
	compare func(hash, password []byte) error
}

var _ ports.Hasher = (*Hasher)(nil)

// New returns a hasher that makes hashes of cost, which is between MinCost and
// MaxCost.
func New(cost int) (*Hasher, error) {
	if cost < MinCost || cost > MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not between %d and %d", cost, MinCost, MaxCost)
	}
	return &Hasher{cost: cost, compare: bcrypt.CompareHashAndPassword}, nil
}

// Hash implements ports.Hasher.
//
// Passwords of at least 72 bytes are hashed through a digest. At exactly 72 the
// digest is not needed to keep bytes from being cut off but to tell our hashes
// from those of a longer password that another program has cut to 72: Verify
// lets what follows the 72nd byte differ for the latter only.
func (h *Hasher) Hash(_ context.Context, p domain.Password) (domain.PasswordHash, error) {
	if len(p.Text()) >= maxBytes {
		hash, err := h.plain(digest(p))
		return domain.StoredHash(prehashed + hash), err
	}
	hash, err := h.plain([]byte(p.Text()))
	return domain.StoredHash(hash), err
}

func (h *Hasher) plain(secret []byte) (string, error) {
	hash, err := bcrypt.GenerateFromPassword(secret, h.cost)
	if err != nil {
		return "", fmt.Errorf("bcrypt: %w", err)
	}
	return string(hash), nil
}

// Verify implements ports.Hasher. It does the work of the configured cost also
// where the hash is weaker or is none, so that the time it takes tells nothing
// about the user.
func (h *Hasher) Verify(ctx context.Context, stored domain.PasswordHash, p domain.Password) (ports.Verdict, error) {
	secret, hash, marked := []byte(p.Text()), stored.Text(), false
	if hash, marked = strings.CutPrefix(hash, prehashed); marked {
		secret = digest(p)
	}
	cut := len(secret) > maxBytes
	if cut { // Only a plain hash of another program can match; it read no further.
		secret = secret[:maxBytes]
	}
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil { // No hash, or none that anything matches.
		return ports.Verdict{}, h.burn(h.cost, secret)
	}
	switch err := h.compare([]byte(hash), secret); {
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return ports.Verdict{}, h.topUp(cost, secret)
	case err != nil:
		return ports.Verdict{}, fmt.Errorf("compare with a bcrypt hash: %w", err)
	case cost == h.cost:
		return ports.Verdict{Match: true}, nil
	}
	return h.renew(ctx, cut, secret, p)
}

// renew returns the verdict on a match whose hash has another cost than the
// configured one. What was cut to match stays cut: who logs in may have mistyped
// the rest, and the owner would be locked out.
func (h *Hasher) renew(ctx context.Context, cut bool, secret []byte, p domain.Password) (ports.Verdict, error) {
	if cut {
		hash, err := h.plain(secret)
		return ports.Verdict{Match: true, Renewed: domain.StoredHash(hash)}, err
	}
	hash, err := h.Hash(ctx, p)
	return ports.Verdict{Match: true, Renewed: hash}, err
}

// topUp does the work that a hash of this cost lacks to the configured cost:
// 2^c + 2^(c+1) + … + 2^(n-1) = 2^n − 2^c.
func (h *Hasher) topUp(cost int, secret []byte) error {
	for c := cost; c < h.cost; c++ {
		if err := h.burn(c, secret); err != nil {
			return err
		}
	}
	return nil
}

// burn does the work of comparing with a hash of this cost.
func (h *Hasher) burn(cost int, secret []byte) error {
	hash := fmt.Appendf(nil, "$2a$%02d$%s", cost, nobody)
	if err := h.compare(hash, secret); !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return fmt.Errorf("compare with nobody's hash: %w", err)
	}
	return nil
}

// digest returns 44 characters that depend on every byte of p.
func digest(p domain.Password) []byte {
	mac := hmac.New(sha256.New, []byte(digestKey))
	mac.Write([]byte(p.Text())) // A hash never fails to write.
	return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil))
}
