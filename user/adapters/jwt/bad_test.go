package jwt

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"encoding/json"

	"shop/kit/testkit"
	"shop/user/adapters/signertest"
	"shop/user/domain"
)

// badToken is a token that must be refused, and why.
type badToken struct {
	name, token string
	want        domain.TokenRefusal
}

const header = `{"alg":"HS256","typ":"JWT"}`

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign returns a token with a right HMAC-SHA-256 signature, whatever it says.
func sign(key []byte, header, payload string) string {
	text := encode(header) + "." + encode(payload)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// payload returns the claims of a good token but for the changes; nil removes a
// claim.
func payload(now time.Time, changes map[string]any) string {
	claims := map[string]any{
		"iss": issuer, "sub": "an", "uid": 7, "sid": "018f", "jti": "3f0e", "typ": typ,
		"iat": now.Unix(), "exp": now.Add(30 * time.Minute).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func with(claim string, value any) map[string]any { return map[string]any{claim: value} }

func badTokens(now time.Time) []badToken {
	const malformed, signature, expired = domain.TokenMalformed, domain.TokenSignature, domain.TokenExpired
	good := payload(now, nil)
	token := sign(key, header, good)
	parts := strings.Split(token, ".")
	claim := func(name string, changes map[string]any, want domain.TokenRefusal) badToken {
		return badToken{name, sign(key, header, payload(now, changes)), want}
	}
	head := func(name, header string, want domain.TokenRefusal) badToken {
		return badToken{name, sign(key, header, good), want}
	}
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	bad := []badToken{
		// No token at all.
		{"empty", "", malformed},
		{"a word", "token", malformed},
		{"two segments", parts[0] + "." + parts[1], malformed},
		{"four segments", token + "." + parts[2], malformed},
		{"five segments, encrypted", token + ".x.y", malformed},
		{"a trailing dot", token + ".", malformed},
		{"empty segments", "..", malformed},
		{"only a signature", ".." + parts[2], malformed},
		{"a scheme in front", "Bearer " + token, malformed},
		{"white space around", " " + token + "\n", malformed},
		{"huge", parts[0] + "." + strings.Repeat("A", 1<<20) + "." + parts[2], malformed},
		{"many dots", strings.Repeat(".", 1<<20), malformed},

		// Segments that are no base64url, no JSON, or other JSON.
		{"a header of bad base64", "$$$." + parts[1] + "." + parts[2], malformed},
		{"claims of bad base64", parts[0] + ".$$$." + parts[2], malformed},
		{"a signature of bad base64", parts[0] + "." + parts[1] + ".$$$", malformed},
		{"padded base64", base64.URLEncoding.EncodeToString([]byte(`{"alg":"HS256" }`)) + "." + parts[1] + "." + parts[2], malformed},
		{"standard base64", strings.ReplaceAll(sign(key, `{"alg":"HS256","x":"???>>>~~~"}`, good), "_", "/"), malformed},
		{"a header of no JSON", sign(key, "HS256", good), malformed},
		{"a header that is a list", sign(key, `["HS256"]`, good), malformed},
		{"a header that is null", sign(key, "null", good), malformed},
		{"claims of no JSON", sign(key, header, "an"), malformed},
		{"claims that are a list", sign(key, header, "["+good+"]"), malformed},
		{"claims that are null", sign(key, header, "null"), malformed},
		{"claims cut off", sign(key, header, good[:len(good)-1]), malformed},
		{"two objects of claims", sign(key, header, good+good), malformed},

		// Another algorithm than the configured one.
		head("without an algorithm", `{"typ":"JWT"}`, malformed),
		head("an algorithm that is a number", `{"alg":256}`, malformed),
		head("an algorithm nobody knows", `{"alg":"HS257"}`, malformed),
		head("the algorithm in small letters", `{"alg":"hs256"}`, malformed),
		head("algorithm none with a signature", `{"alg":"none"}`, signature),
		{"algorithm none without a signature", encode(`{"alg":"none"}`) + "." + parts[1] + ".", signature},
		{"algorithm None", encode(`{"alg":"None"}`) + "." + parts[1] + ".", malformed},
		{"algorithm nOnE", encode(`{"alg":"nOnE"}`) + "." + parts[1] + ".", malformed},
		head("RS256 signed with the shared key", `{"alg":"RS256"}`, signature),
		head("PS256 signed with the shared key", `{"alg":"PS256"}`, signature),
		head("ES256 signed with the shared key", `{"alg":"ES256"}`, signature),
		{"RS256 with a key of its own", rs256(good), signature},
		{"EdDSA with a key of its own", eddsa(good), signature},
		{"HS512 with the right key", hs512(good), signature},
		head("HS384 in the header only", `{"alg":"HS384"}`, signature),
		head("critical extensions", `{"alg":"HS256","crit":["exp"],"exp":1}`, malformed),
		head("an unencoded payload", `{"alg":"HS256","b64":false,"crit":["b64"]}`, malformed),

		// Signatures of someone else.
		{"without a signature", parts[0] + "." + parts[1] + ".", signature},
		{"a signature cut short", token[:len(token)-3], signature},
		{"another signature", parts[0] + "." + parts[1] + "." + encode(strings.Repeat("x", 32)), signature},
		{"another key", sign([]byte("another key that is long enough too"), header, good), signature},
		{"an empty key", sign(nil, header, good), signature},
		{"a key with a zero byte more", sign(append(key[:len(key):len(key)], 1), header, good), signature},
		{"claims of another token", parts[0] + "." + encode(payload(now, with("uid", 1))) + "." + parts[2], signature},
		{"a key in the header", sign([]byte("mine"), `{"alg":"HS256","jwk":{"kty":"oct","k":"bWluZQ"},"kid":"mine"}`, good), signature},
		{"a path in the key's name", sign(nil, `{"alg":"HS256","kid":"../../dev/null"}`, good), signature},

		// Times.
		claim("without exp", with("exp", nil), malformed),
		claim("exp null", map[string]any{"exp": json.RawMessage("null")}, malformed),
		claim("exp a word", with("exp", "never"), malformed),
		claim("exp a moment", with("exp", now.Add(time.Hour).Format(time.RFC3339)), malformed),
		claim("exp zero", with("exp", 0), expired),
		claim("exp negative", with("exp", -1), expired),
		claim("exp now", with("exp", in(0)), expired),
		claim("exp a second ago", with("exp", in(-time.Second)), expired),
		claim("exp a year ago", with("exp", in(-365*24*time.Hour)), expired),
		claim("expired and of another issuer", map[string]any{"exp": in(-time.Second), "iss": "other"}, malformed),
		claim("without iat", with("iat", nil), malformed),
		claim("iat in an hour", with("iat", in(time.Hour)), malformed),
		claim("iat a word", with("iat", "now"), malformed),
		claim("nbf in an hour", with("nbf", in(time.Hour)), malformed),
		claim("nbf a word", with("nbf", "soon"), malformed),

		// The other claims.
		claim("without iss", with("iss", nil), malformed),
		claim("another iss", with("iss", "https://evil.example"), malformed),
		claim("iss a list", with("iss", []string{issuer}), malformed),
		claim("without typ", with("typ", nil), malformed),
		claim("typ refresh", with("typ", "refresh"), malformed),
		claim("typ in capitals", with("typ", "ACCESS"), malformed),
		claim("without sub", with("sub", nil), malformed),
		claim("an empty sub", with("sub", ""), malformed),
		claim("sub a number", with("sub", 7), malformed),
		claim("without uid", with("uid", nil), malformed),
		claim("uid zero", with("uid", 0), malformed),
		claim("uid negative", with("uid", -7), malformed),
		claim("uid a text", with("uid", "7"), malformed),
		claim("uid a fraction", with("uid", 7.5), malformed),
		claim("uid beyond 64 bits", with("uid", new(big.Int).Lsh(big.NewInt(1), 70)), malformed),
		claim("without sid", with("sid", nil), malformed),
		claim("an empty sid", with("sid", ""), malformed),
		claim("without jti", with("jti", nil), malformed),
		claim("an empty jti", with("jti", ""), malformed),
		claim("no claims", map[string]any{
			"iss": nil, "sub": nil, "uid": nil, "sid": nil, "jti": nil, "typ": nil, "iat": nil, "exp": nil,
		}, malformed),
	}
	return bad
}

func rs256(payload string) string {
	text := encode(`{"alg":"RS256"}`) + "." + encode(payload)
	key, err := rsa.GenerateKey(nil, 2048)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func eddsa(payload string) string {
	text := encode(`{"alg":"EdDSA"}`) + "." + encode(payload)
	sig := ed25519.Sign(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), []byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func hs512(payload string) string {
	text := encode(`{"alg":"HS512"}`) + "." + encode(payload)
	mac := hmac.New(sha512.New, key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestBadTokens(t *testing.T) {
	clock := testkit.NewClock(time.Time{})
	s := signer(t, clock.Now, key)
	good := domain.PresentedToken(sign(key, header, payload(clock.Now(), nil)))
	if got, err := s.Parse(good); err != nil || got.User != 7 {
		t.Fatalf("the good token all bad ones are made of: %+v, %v", got, err)
	}
	ours, err := s.Sign(signertest.Claims(clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(ours.Text(), "."); got != 2 {
		t.Fatalf("our token has %d dots", got)
	}
	seen := map[string]bool{}
	for _, tc := range badTokens(clock.Now()) {
		if seen[tc.name] {
			t.Errorf("two bad tokens are called %q", tc.name)
		}
		seen[tc.name] = true
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.Parse(domain.PresentedToken(tc.token))
			if !errors.Is(err, tc.want) || got != (domain.Claims{}) {
				t.Errorf("got %+v, %v; want %v", got, err, tc.want)
			}
		})
	}
	if len(seen) < 40 {
		t.Errorf("only %d bad tokens", len(seen))
	}
}

func TestASmallDifferenceOfClocksIsNoFault(t *testing.T) {
	clock := testkit.NewClock(time.Time{})
	s := signer(t, clock.Now, key)
	ahead := sign(key, header, payload(clock.Now(), with("iat", clock.Now().Add(30*time.Second).Unix())))
	if _, err := s.Parse(domain.PresentedToken(ahead)); err != nil {
		t.Errorf("signed by a clock half a minute ahead: %v", err)
	}
}
