package jwt

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/user/adapters/signertest"
	"shop/user/domain"
	"shop/user/ports"
)

var key = []byte("a key of a test, which nobody else has")

func signer(t testing.TB, now func() time.Time, key []byte, previous ...[]byte) *Signer {
	t.Helper()
	s, err := New(now, "HS256", key, previous...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSigner(t *testing.T) {
	for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
		t.Run(algorithm, func(t *testing.T) {
			n := byte('0')
			signertest.Run(t, func(t *testing.T, clock *testkit.Clock) ports.Signer {
				n++
				s, err := New(clock.Now, algorithm, bytes.Repeat([]byte{n}, 64))
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}

func TestOnlySharedSecrets(t *testing.T) {
	for _, algorithm := range []string{"", "none", "RS256", "ES256", "PS256", "EdDSA", "hs256", "HS1"} {
		if _, err := New(time.Now, algorithm, key); err == nil {
			t.Errorf("algorithm %q is accepted", algorithm)
		}
	}
}

func TestAKeyIsChangedWithoutLoggingAnyoneOut(t *testing.T) {
	now := testkit.NewClock(time.Time{}).Now
	next := []byte(strings.Repeat("next", 10))
	before, during, after := signer(t, now, key), signer(t, now, next, key), signer(t, now, next)
	old, err := before.Sign(signertest.Claims(now()))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := during.Sign(signertest.Claims(now()))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		signer *Signer
		token  domain.AccessToken
		want   error
	}{
		"an old token while both keys stand": {during, old, nil},
		"a new one":                          {during, fresh, nil},
		"a new one by the new key alone":     {after, fresh, nil},
		"an old one by the new key alone":    {after, old, domain.TokenSignature},
		"a new one by the old key":           {before, fresh, domain.TokenSignature},
	} {
		if _, err := tc.signer.Parse(tc.token); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	clock := testkit.NewClock(time.Time{})
	s := signer(f, clock.Now, key)
	good, err := s.Sign(signertest.Claims(clock.Now()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.Text())
	for _, bad := range badTokens(clock.Now()) {
		f.Add(bad.token)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := s.Parse(domain.PresentedToken(text))
		refusal := domain.TokenRefusal("")
		if err == nil && text != good.Text() {
			t.Errorf("%q is a token and says %+v", text, got)
		}
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("%q is refused by %T, want a refusal", text, err)
		}
	})
}

// FuzzClaims signs claims that nobody should make, as a bug or another holder of
// the key might, and expects a token that is whole or a refusal.
func FuzzClaims(f *testing.F) {
	clock := testkit.NewClock(time.Time{})
	s := signer(f, clock.Now, key)
	f.Add(`{"iss":"shop-user","sub":"an","uid":7,"sid":"s","jti":"j","iat":1,"exp":99999999999,"typ":"access"}`)
	f.Add(`{"exp":1e300}`)
	f.Add(`null`)
	f.Add(`[]`)
	f.Add(`{"exp":"never","aud":[[[]]]}`)
	f.Fuzz(func(t *testing.T, payload string) {
		got, err := s.Parse(domain.PresentedToken(sign(key, `{"alg":"HS256"}`, payload)))
		if err != nil {
			if refusal := domain.TokenRefusal(""); !errors.As(err, &refusal) {
				t.Errorf("%q is refused by %T, want a refusal", payload, err)
			}
			return
		}
		if got.User < 1 || got.Name == "" || got.Session == "" || got.ID == "" || !got.ExpiresAt.After(clock.Now()) {
			t.Errorf("%q is a token and says %+v", payload, got)
		}
	})
}
