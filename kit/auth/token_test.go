package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBearer(t *testing.T) {
	longest := strings.Repeat("a", maxToken)
	tests := map[string]struct {
		values []string
		want   Token // "" = none
	}{
		"usual":                     {[]string{"Bearer abc.def.ghi"}, "abc.def.ghi"},
		"lower case":                {[]string{"bearer abc"}, "abc"},
		"mixed case":                {[]string{"bEaReR abc"}, "abc"},
		"several spaces":            {[]string{"Bearer   abc"}, "abc"},
		"all characters of a token": {[]string{"Bearer aZ09-._~+/=="}, "aZ09-._~+/=="},
		"as long as allowed":        {[]string{"Bearer " + longest}, Token(longest)},
		"absent":                    {nil, ""},
		"empty header":              {[]string{""}, ""},
		"no token":                  {[]string{"Bearer"}, ""},
		"empty token":               {[]string{"Bearer "}, ""},
		"only padding":              {[]string{"Bearer =="}, ""},
		"padding inside":            {[]string{"Bearer a=b"}, ""},
		"too long":                  {[]string{"Bearer " + longest + "a"}, ""},
		"two headers":               {[]string{"Bearer abc", "Bearer abc"}, ""},
		"two tokens":                {[]string{"Bearer abc def"}, ""},
		"a list":                    {[]string{"Bearer abc, Bearer def"}, ""},
		"other scheme":              {[]string{"Basic YTpi"}, ""},
		"scheme that begins alike":  {[]string{"Bearers abc"}, ""},
		"token alone":               {[]string{"abc.def.ghi"}, ""},
		"tab":                       {[]string{"Bearer\tabc"}, ""},
		"space before":              {[]string{" Bearer abc"}, ""},
		"quotes":                    {[]string{`Bearer "abc"`}, ""},
		"no ASCII":                  {[]string{"Bearer ábc"}, ""},
		"zero byte":                 {[]string{"Bearer a\x00b"}, ""},
		"line break":                {[]string{"Bearer a\nb"}, ""},
		"folded scheme":             {[]string{"Bearer\u017f abc"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			if tt.values != nil {
				r.Header["Authorization"] = tt.values
			}
			got, ok := TokenFrom(FromHeader(t.Context(), r))
			if string(got) != string(tt.want) || ok != (tt.want != "") {
				t.Errorf("token %q, %t; want %q", string(got), ok, string(tt.want))
			}
		})
	}
}

func FuzzBearer(f *testing.F) {
	for _, s := range []string{"Bearer abc.def", "bearer  x==", "Basic YTpi", "Bearer ", "", "BEARER a b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, ok := bearer([]string{header})
		if !ok {
			if token != "" {
				t.Fatalf("bearer(%q) = %q with false", header, string(token))
			}
			return
		}
		if len(token) == 0 || len(token) > maxToken || strings.ContainsAny(string(token), " \t\r\n,\"\x00") {
			t.Fatalf("bearer(%q) = %q", header, string(token))
		}
		if again, ok := bearer([]string{"Bearer " + string(token)}); !ok || again != token {
			t.Fatalf("the token %q does not survive being sent again", string(token))
		}
	})
}

func TestATokenIsMaskedHoweverItIsPrinted(t *testing.T) {
	const secret = "eyJhbGciOi.secret.part"
	token := Token(secret)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%08.3f"} {
		fmt.Fprintf(&out, verb+"\n", token)
		fmt.Fprintf(&out, verb+"\n", struct{ T Token }{token})
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "t", token, "struct", struct{ T Token }{token}, "map", map[string]any{"t": token})
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "t", token, "struct", struct{ T Token }{token})
	if err := json.NewEncoder(&out).Encode([]Token{token}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "secret") || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
		t.Errorf("the token shows:\n%s", out.String())
	}
	if string(token) != secret {
		t.Errorf("string(token) = %q, want the token", string(token))
	}
}
