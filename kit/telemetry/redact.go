package telemetry

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const masked = "[masked]"

// Redact is the ReplaceAttr of every logger: a safety net below code that does
// not log secrets in the first place. It masks attributes whose key names a
// credential or contact data, and credentials inside of texts and errors.
func Redact(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindTime: // Too small for a secret: token_revoked, password_age.
		return a
	default:
	}
	if sensitive(a.Key) {
		a.Value = slog.StringValue(masked)
		return a
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Scrub(a.Value.String()))
	case slog.KindAny:
		a.Value = redactAny(a.Value)
	default:
	}
	return a
}

func redactAny(v slog.Value) slog.Value {
	switch x := v.Any().(type) {
	case error:
		return slog.StringValue(Scrub(x.Error()))
	case http.Header, url.Values, http.Cookie, *http.Cookie:
		return slog.StringValue(masked) // Whole: too much of it is secret.
	case *url.URL:
		return slog.StringValue(x.Redacted())
	case map[string]any:
		clean := make(map[string]any, len(x))
		for k, e := range x {
			clean[k] = Redact(nil, slog.Any(k, e)).Value.Any()
		}
		return slog.AnyValue(clean)
	case map[string]string:
		clean := make(map[string]string, len(x))
		for k, e := range x {
			clean[k] = Redact(nil, slog.String(k, e)).Value.String()
		}
		return slog.AnyValue(clean)
	case []string:
		clean := make([]string, len(x))
		for i, e := range x {
			clean[i] = Scrub(e)
		}
		return slog.AnyValue(clean)
	case fmt.Stringer:
		return slog.StringValue(Scrub(x.String()))
	}
	return v
}

// sensitive reports whether a word of key names a credential or contact data:
// "push_token", "SECRET_KEY_PREVIOUS", "newPassword".
func sensitive(key string) bool {
	for rest := key; rest != ""; {
		var word string
		word, rest = nextWord(rest)
		switch strings.ToLower(word) {
		case "password", "passwd", "secret", "token", "jwt", "authorization", "cookie", "credentials", "apikey",
			"email", "phone", "recipient":
			return true
		case "address": // "listen_address" is a place of the network, not of a person.
			return word == key
		case "api", "private", "signing":
			if next, _ := nextWord(rest); strings.EqualFold(next, "key") {
				return true
			}
		}
	}
	return false
}

// nextWord cuts the first word off key, which separates words by a sign or by
// an upper-case letter after a lower-case one.
func nextWord(key string) (word, rest string) {
	for i := 0; i < len(key); i++ {
		switch c := key[i]; {
		case c == '_', c == '-', c == '.', c == ' ':
			return key[:i], key[i+1:]
		case i > 0 && 'A' <= c && c <= 'Z' && 'a' <= key[i-1] && key[i-1] <= 'z':
			return key[:i], key[i:]
		}
	}
	return key, ""
}

var (
	userinfo = regexp.MustCompile(`(://[^/\s:@]*):[^/\s]*@`)
	webToken = regexp.MustCompile(`eyJ[\w-]{5,}\.[\w-]+\.[\w-]*`)
	bearer   = regexp.MustCompile(`(?i)\b(bearer|basic) [\w.~+/=-]{8,}`)
)

// Scrub returns text with the passwords of URLs, JSON web tokens and values of
// Authorization headers masked.
func Scrub(text string) string {
	if strings.Contains(text, "://") {
		text = userinfo.ReplaceAllString(text, "$1:"+masked+"@")
	}
	if strings.Contains(text, "eyJ") {
		text = webToken.ReplaceAllString(text, masked)
	}
	if strings.Contains(text, "earer ") || strings.Contains(text, "asic ") {
		text = bearer.ReplaceAllString(text, "$1 "+masked)
	}
	return text
}
