// Package signertest is the contract of ports.Signer as tests that every adapter
// passes.
package signertest

import (
	"errors"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/user/domain"
	"shop/user/ports"
)

// Run tests the signers that open returns; they read the time from the clock.
func Run(t *testing.T, open func(t *testing.T, clock *testkit.Clock) ports.Signer) {
	clock := testkit.NewClock(time.Time{})
	signer, stranger := open(t, clock), open(t, clock)
	claims := Claims(clock.Now())
	token, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a token says what was signed", func(t *testing.T) {
		want := claims
		want.IssuedAt, want.ExpiresAt = want.IssuedAt.Truncate(time.Second), want.ExpiresAt.Truncate(time.Second)
		if got, err := signer.Parse(token); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	})
	t.Run("any change of a token is noticed", func(t *testing.T) {
		for i := range token.Text() {
			changed := []byte(token.Text())
			changed[i] ^= 1
			if got, err := signer.Parse(domain.PresentedToken(string(changed))); !refused(err) {
				t.Errorf("byte %d: got %+v, %v", i, got, err)
			}
		}
		for _, text := range []string{"", ".", "..", token.Text() + "x", token.Text()[1:]} {
			if _, err := signer.Parse(domain.PresentedToken(text)); !refused(err) {
				t.Errorf("%q: got %v, want a refusal", text, err)
			}
		}
	})
	t.Run("another's token is refused", func(t *testing.T) {
		if _, err := stranger.Parse(token); !errors.Is(err, domain.TokenSignature) {
			t.Errorf("got %v, want %v", err, domain.TokenSignature)
		}
	})
	t.Run("a token expires", func(t *testing.T) {
		clock.Advance(30*time.Minute - time.Second)
		if _, err := signer.Parse(token); err != nil {
			t.Errorf("a second before: %v", err)
		}
		clock.Advance(time.Second)
		if _, err := signer.Parse(token); !errors.Is(err, domain.TokenExpired) {
			t.Errorf("got %v, want %v", err, domain.TokenExpired)
		}
	})
}

// Claims returns what a token says that is made at now and lasts half an hour.
func Claims(now time.Time) domain.Claims {
	return domain.Claims{
		ID: "3f0e", User: 7, Name: `Nguyễn "Ân"`, Session: "018f", IssuedAt: now, ExpiresAt: now.Add(30 * time.Minute),
	}
}

func refused(err error) bool {
	var refusal domain.TokenRefusal
	return errors.As(err, &refusal)
}
