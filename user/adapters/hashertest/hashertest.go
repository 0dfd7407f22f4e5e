// Package hashertest is the contract of ports.Hasher as tests that every adapter
// passes.
package hashertest

import (
	"context"
	"strings"
	"testing"

	"shop/user/domain"
	"shop/user/ports"
)

// Run tests the hashers that open returns.
func Run(t *testing.T, open func(t *testing.T) ports.Hasher) {
	t.Run("a password matches its own hash only", func(t *testing.T) { matches(t, open(t)) })
	t.Run("no hash matches nothing", func(t *testing.T) { nothing(t, open(t)) })
	t.Run("one password has many hashes", func(t *testing.T) { salted(t, open(t)) })
	t.Run("who gave up is not served", func(t *testing.T) { gaveUp(t, open(t)) })
}

// passwords are all different, some only far behind.
func passwords() []string {
	return []string{
		"secret", "Secret", "secret ", strings.Repeat("x", 71), strings.Repeat("x", 72), strings.Repeat("x", 73),
		strings.Repeat("x", 72) + "y", strings.Repeat("ổ", 256),
	}
}

func hash(t *testing.T, h ports.Hasher, password string) domain.PasswordHash {
	t.Helper()
	got, err := h.Hash(t.Context(), domain.TypedPassword(password))
	if err != nil {
		t.Fatal(err)
	}
	if got.IsZero() || strings.Contains(got.Text(), password) {
		t.Fatalf("the hash of %q is %q", password, got.Text())
	}
	return got
}

func verify(t *testing.T, h ports.Hasher, hash domain.PasswordHash, password string) bool {
	t.Helper()
	got, err := h.Verify(t.Context(), hash, domain.TypedPassword(password))
	if err != nil {
		t.Fatal(err)
	}
	if !got.Renewed.IsZero() {
		t.Errorf("a hash that was just made should be replaced by %q", got.Renewed.Text())
	}
	return got.Match
}

func matches(t *testing.T, h ports.Hasher) {
	for i, owner := range passwords() {
		stored := hash(t, h, owner)
		for j, typed := range passwords() {
			if got, want := verify(t, h, stored, typed), i == j; got != want {
				t.Errorf("%.90q against the hash of %.90q: match = %v", typed, owner, got)
			}
		}
		if verify(t, h, stored, "") {
			t.Errorf("the empty password matches the hash of %.90q", owner)
		}
	}
}

func nothing(t *testing.T, h ports.Hasher) {
	for _, password := range append(passwords(), "") {
		if verify(t, h, domain.PasswordHash{}, password) {
			t.Errorf("%.90q matches no hash", password)
		}
	}
}

func salted(t *testing.T, h ports.Hasher) {
	for _, password := range passwords() {
		if one, other := hash(t, h, password), hash(t, h, password); one == other {
			t.Errorf("%.90q has one hash", password)
		}
	}
}

func gaveUp(t *testing.T, h ports.Hasher) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// A hasher that is idle may serve; it must not hang or match what is wrong.
	if got, err := h.Verify(ctx, domain.PasswordHash{}, domain.TypedPassword("secret")); err == nil && got.Match {
		t.Error("a cancelled caller matched nothing")
	}
}
