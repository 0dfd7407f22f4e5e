package auth

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// maxToken is the longest token in bytes that is looked at; those of the user
// service have a few hundred.
const maxToken = 8 << 10

const masked = "[token]"

// Token is a bearer token. Printed, logged or encoded as a value it is masked
// (no type can mask %p and JSON's map keys); string(t) is the token itself.
type Token string

func (Token) String() string               { return masked }
func (Token) GoString() string             { return masked }
func (Token) LogValue() slog.Value         { return slog.StringValue(masked) }
func (Token) MarshalText() ([]byte, error) { return []byte(masked), nil }

// Format is needed because verbs like %d print a string with its value.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

type tokenKey struct{}

// WithToken returns ctx carrying the token of the request.
func WithToken(ctx context.Context, t Token) context.Context {
	return context.WithValue(ctx, tokenKey{}, t)
}

// TokenFrom returns the token of the request, false if it came without one.
func TokenFrom(ctx context.Context) (Token, bool) {
	t, ok := ctx.Value(tokenKey{}).(Token)
	return t, ok
}

// FromHeader returns ctx carrying the bearer token of r. A request whose
// Authorization header is absent, repeated, of another scheme, empty, longer than
// 8 KiB or no token by RFC 6750 carries none. It fits web.Config.Before.
func FromHeader(ctx context.Context, r *http.Request) context.Context {
	if t, ok := bearer(r.Header["Authorization"]); ok {
		return WithToken(ctx, t)
	}
	return ctx
}

// bearer reads the values of the Authorization header:
// "Bearer" 1*SP b64token, the scheme in any case (RFC 6750 2.1, RFC 9110 11.1).
func bearer(values []string) (Token, bool) {
	if len(values) != 1 {
		return "", false
	}
	scheme, rest, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	token := strings.TrimLeft(rest, " ")
	if len(token) > maxToken || !isB64Token(token) {
		return "", false
	}
	return Token(token), true
}

// isB64Token reports whether s is 1*( ALPHA / DIGIT / "-._~+/" ) *"=".
func isB64Token(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
