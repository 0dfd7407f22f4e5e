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

// sensitive reports whether key names a credential or contact data: a word of
// the list by itself or as the last word of the key ("push_token").
func sensitive(key string) bool {
	word := key
	if i := strings.LastIndexAny(key, "_-. "); i >= 0 {
		word = key[i+1:]
	}
	if len(word) > len("authorization") {
		return false
	}
	switch strings.ToLower(word) {
	case "password", "passwd", "secret", "token", "jwt", "authorization", "cookie", "credentials",
		"email", "phone", "address", "recipient":
		// "remote.address" and "listen_address" are places of the network, not of people.
		return !strings.EqualFold(word, "address") || word == key
	case "key":
		switch strings.ToLower(strings.ReplaceAll(key, "-", "_")) {
		case "secret_key", "api_key", "private_key", "signing_key":
			return true
		}
	}
	return false
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
