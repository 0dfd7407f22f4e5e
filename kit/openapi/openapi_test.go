package openapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shop/kit/openapi"
)

const spec = `
openapi: 3.1.0
info: {title: "Things <API> & more", version: "1"}
paths:
  /things:
    get:
      responses:
        200: {description: Things.}
`

func site(t *testing.T) *openapi.Site {
	t.Helper()
	s, err := openapi.New([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	if h == nil {
		t.Fatalf("there is no page %s", path)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheDocument(t *testing.T) {
	w := get(t, site(t).Pages()["/openapi.json"], "GET", "/openapi.json")
	const want = `{"openapi":"3.1.0","info":{"title":"Things <API> & more","version":"1"},"paths":{"/things":{"get":{"responses":{"200":{"description":"Things."}}}}}}`
	if got := unescape(t, w.Body.Bytes()); w.Code != 200 || got != want || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %q %s, want %s", w.Code, w.Header().Get("Content-Type"), got, want)
	}
}

// unescape returns JSON without escapes of <, > and &.
func unescape(t *testing.T, b []byte) string {
	t.Helper()
	if !json.Valid(b) {
		t.Fatalf("no JSON: %s", b)
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

// Whatever a page loads comes from the service itself and exists.
func TestThePagesLoadNothingFromElsewhere(t *testing.T) {
	pages := site(t).Pages()
	for _, path := range []string{"/docs", "/redoc"} {
		w := get(t, pages[path], "GET", path)
		page := w.Body.String()
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(page, "Things &lt;API&gt; &amp; more") {
			t.Errorf("%s: %d %q %s", path, w.Code, w.Header().Get("Content-Type"), page)
		}
		if regexp.MustCompile(`(?i)https?:|//[a-z]|@import|<script>`).MatchString(page) {
			t.Errorf("%s refers to elsewhere or has a script of its own: %s", path, page)
		}
		loads := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1)
		if len(loads) < 3 {
			t.Errorf("%s loads %q, want at least its library, its start and its icon", path, loads)
		}
		for _, load := range loads {
			if w := get(t, pages[load[1]], "GET", load[1]); w.Code != 200 || w.Body.Len() == 0 || w.Header().Get("Content-Type") == "" {
				t.Errorf("%s loads %s, which is %d of %d bytes", path, load[1], w.Code, w.Body.Len())
			}
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q, want %s", path, policy, want)
			}
		}
		if strings.Contains(policy, "http") || strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q permits too much", path, policy)
		}
	}
	for _, name := range []string{"/docs/init.js", "/redoc/init.js"} {
		if body := get(t, pages[name], "GET", name).Body.String(); !strings.Contains(body, `"/openapi.json"`) || strings.Contains(body, "://") {
			t.Errorf("%s: %s", name, body)
		}
	}
}

func TestReDocAsksNoCDN(t *testing.T) {
	body := get(t, site(t).Pages()["/redoc/redoc.standalone.js"], "GET", "/").Body.String()
	if !strings.Contains(body, "2.5.4") || strings.Contains(body, "cdn.") || strings.Contains(body, "\n//# sourceMappingURL") {
		t.Errorf("the bundle of %d bytes is not the one that redoc/README.md describes", len(body))
	}
}

func TestAssets(t *testing.T) {
	pages := site(t).Pages()
	var paths []string
	for path := range pages {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			plain := get(t, pages[path], "GET", path)
			packed := get(t, pages[path], "GET", path, "Accept-Encoding", "br, gzip;q=0.8")
			body := packed.Body.Bytes()
			if packed.Header().Get("Content-Encoding") == "gzip" {
				z, err := gzip.NewReader(bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(z); err != nil {
					t.Fatal(err)
				}
			} else if len(body) > 100_000 {
				t.Errorf("%d bytes are sent as they are to a client that takes gzip", len(body))
			}
			if !bytes.Equal(body, plain.Body.Bytes()) || len(body) == 0 {
				t.Errorf("%d bytes plain, %d packed", plain.Body.Len(), len(body))
			}
			for _, no := range []string{"", "br", "gzip;q=0", "gzip; q=0.0", "identity"} {
				if w := get(t, pages[path], "GET", path, "Accept-Encoding", no); w.Header().Get("Content-Encoding") != "" {
					t.Errorf("packed although the client takes %q", no)
				}
			}
			etag := plain.Header().Get("ETag")
			if w := get(t, pages[path], "GET", path, "If-None-Match", etag); etag == "" || w.Code != 304 || w.Body.Len() > 0 {
				t.Errorf("%d with ETag %q and %d bytes, want 304 without a body", w.Code, etag, w.Body.Len())
			}
			if w := get(t, pages[path], "HEAD", path); w.Code != 200 || w.Body.Len() > 0 || w.Header().Get("Content-Length") != plain.Header().Get("Content-Length") {
				t.Errorf("HEAD: %d, %d bytes, length %s", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
			}
		})
	}
}

func TestDocumentsThatAreNone(t *testing.T) {
	for name, spec := range map[string]string{
		"nothing": "", "no YAML": "a: [", "a list": "[]", "no version": "info: {title: x}", "Swagger 2": "swagger: '2.0'", "version 2": "openapi: '2.0'",
	} {
		if _, err := openapi.New([]byte(spec)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
