// Package jwt makes and reads access tokens as JSON Web Tokens signed with a
// shared secret (HMAC).
package jwt

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"shop/user/domain"
	"shop/user/ports"
)

const (
	issuer   = "shop-user"
	typ      = "access"
	maxToken = 8 << 10 // bytes; ours have about 400

	// maxSkew is how far the clock of the replica that signed a token may be
	// ahead of ours.
	maxSkew = time.Minute
)

// Signer implements ports.Signer.
type Signer struct {
	now    func() time.Time
	method jwt.SigningMethod
	key    []byte
	keys   jwt.VerificationKeySet
	parser *jwt.Parser
}

var _ ports.Signer = (*Signer)(nil)

// New returns a signer that uses algorithm (HS256, HS384 or HS512) and no other.
// It signs with key and also trusts what was signed with one of the previous
// keys, so that changing the key logs nobody out.
func New(now func() time.Time, algorithm string, key []byte, previous ...[]byte) (*Signer, error) {
	method, ok := jwt.GetSigningMethod(algorithm).(*jwt.SigningMethodHMAC)
	if !ok {
		return nil, fmt.Errorf("algorithm %q is none of HS256, HS384, HS512", algorithm)
	}
	s := &Signer{
		now:    now,
		method: method,
		key:    key,
		keys:   jwt.VerificationKeySet{Keys: []jwt.VerificationKey{key}},
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{algorithm}), jwt.WithTimeFunc(now),
			jwt.WithExpirationRequired(), jwt.WithIssuer(issuer), jwt.WithStrictDecoding(),
		),
	}
	for _, p := range previous {
		s.keys.Keys = append(s.keys.Keys, p)
	}
	return s, nil
}

// claims are the claims on the wire.
type claims struct {
	jwt.RegisteredClaims
	User    int64  `json:"uid"`
	Session string `json:"sid"`
	Type    string `json:"typ"`
}

// Sign implements ports.Signer.
func (s *Signer) Sign(c domain.Claims) (domain.AccessToken, error) {
	token, err := jwt.NewWithClaims(s.method, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: c.Name, ID: c.ID,
			IssuedAt: jwt.NewNumericDate(c.IssuedAt), ExpiresAt: jwt.NewNumericDate(c.ExpiresAt),
		},
		User: int64(c.User), Session: string(c.Session), Type: typ,
	}).SignedString(s.key)
	if err != nil {
		return domain.AccessToken{}, fmt.Errorf("sign a token: %w", err)
	}
	return domain.PresentedToken(token), nil
}

// Parse implements ports.Signer.
func (s *Signer) Parse(t domain.AccessToken) (domain.Claims, error) {
	if len(t.Text()) > maxToken {
		return domain.Claims{}, domain.TokenMalformed
	}
	var c claims
	token, err := s.parser.ParseWithClaims(t.Text(), &c, s.trusted)
	if err != nil {
		return domain.Claims{}, refusal(err)
	}
	// RFC 7515 section 4.1.11: extensions that must be understood, and we know none.
	if _, critical := token.Header["crit"]; critical || !s.whole(c) {
		return domain.Claims{}, domain.TokenMalformed
	}
	return domain.Claims{
		ID: c.ID, User: domain.UserID(c.User), Name: c.Subject, Session: domain.SessionID(c.Session),
		IssuedAt: c.IssuedAt.UTC(), ExpiresAt: c.ExpiresAt.UTC(),
	}, nil
}

func (s *Signer) trusted(*jwt.Token) (any, error) { return s.keys, nil }

// whole reports whether c is an access token by its other claims.
func (s *Signer) whole(c claims) bool {
	return c.Type == typ && c.Subject != "" && c.User > 0 && c.Session != "" && c.ID != "" &&
		c.IssuedAt != nil && !c.IssuedAt.After(s.now().Add(maxSkew))
}

// refusal says in the domain's words why the library refused a token. A token
// that is expired and faulty is faulty.
func refusal(err error) domain.TokenRefusal {
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return domain.TokenSignature
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenInvalidIssuer) && !errors.Is(err, jwt.ErrTokenNotValidYet):
		return domain.TokenExpired
	}
	return domain.TokenMalformed
}
