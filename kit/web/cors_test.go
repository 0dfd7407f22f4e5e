package web_test

import (
	"strings"
	"testing"

	"shop/kit/web"
)

func TestCORS(t *testing.T) {
	const ours, other = "http://localhost:3000", "https://evil.example"
	listed, every, none := []string{ours, "https://shop.example"}, []string{"*"}, []string(nil)
	tests := map[string]struct {
		origins     []string
		origin      string
		allow       string
		credentials string
	}{
		"an allowed origin":             {listed, ours, ours, "true"},
		"another allowed origin":        {listed, "https://shop.example", "https://shop.example", "true"},
		"an origin that is not allowed": {listed, other, "", ""},
		"a longer origin":               {listed, ours + ".evil.example", "", ""},
		"another port":                  {listed, "http://localhost:30001", "", ""},
		"the null origin":               {listed, "null", "", ""},
		"no origin":                     {listed, "", "", ""},
		"everybody":                     {every, other, "*", ""},
		"everybody, beside a list":      {append([]string{"*"}, listed...), ours, "*", ""},
		"nobody":                        {none, ours, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := serving(t, web.Config{Origins: tt.origins}, things()...)
			for _, request := range []string{"GET /things/7", "GET /nothing", "GET /things/abc", "PATCH /things/7", "OPTIONS /things/7", "GET /health"} {
				method, target, _ := strings.Cut(request, " ")
				var header []string
				if tt.origin != "" {
					header = append(header, "Origin: "+tt.origin)
				}
				if method == "OPTIONS" {
					header = append(header, "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: authorization,content-type,if-match")
				}
				w := ask(h, method, target, "", header...)
				got := w.Header()
				if got.Get("Access-Control-Allow-Origin") != tt.allow || got.Get("Access-Control-Allow-Credentials") != tt.credentials {
					t.Errorf("%s: allows %q, credentials %q; want %q, %q", request,
						got.Get("Access-Control-Allow-Origin"), got.Get("Access-Control-Allow-Credentials"), tt.allow, tt.credentials)
				}
				if !strings.Contains(strings.Join(got["Vary"], ","), "Origin") {
					t.Errorf("%s: Vary %q", request, got["Vary"])
				}
				exposed := got.Get("Access-Control-Expose-Headers")
				if method == "OPTIONS" {
					if w.Code != 204 || tt.allow != "" && (got.Get("Access-Control-Allow-Methods") != "PUT" ||
						got.Get("Access-Control-Allow-Headers") != "authorization,content-type,if-match" || got.Get("Access-Control-Max-Age") != "600") {
						t.Errorf("preflight %d %v", w.Code, got)
					}
				} else if tt.allow != "" {
					for _, name := range []string{"X-Request-Id", "X-Trace-Id", "X-Total-Count", "X-Total-Count-Exact", "Link", "Etag", "Location", "Retry-After"} {
						if !strings.Contains(strings.ToLower(exposed), strings.ToLower(name)) {
							t.Errorf("%s: exposes %q, not %s", request, exposed, name)
						}
					}
				}
			}
		})
	}
}
