package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/web"
)

// refusedOrRight checks that w is a success or a complete refusal, never the
// service's own failure.
func refusedOrRight(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code >= 500 || !utf8.Valid(w.Body.Bytes()) || !json.Valid(w.Body.Bytes()) {
		t.Fatalf("%d %q", w.Code, w.Body)
	}
	if w.Code == http.StatusOK {
		return
	}
	f, faults := failed(t, w, w.Code)
	if w.Code == http.StatusUnprocessableEntity && len(faults) == 0 {
		t.Fatalf("422 without a fault: %+v", f)
	}
	for _, fault := range faults {
		if len(fault.Loc) == 0 || fault.Msg == "" || fault.Type == "" {
			t.Fatalf("half a fault: %+v", fault)
		}
	}
}

func FuzzObject(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `{"name":"a","count":3,"price":1}`, `{"name":"\ud83d\ude00","count":3e0,"price":"1.5","fresh":true,"note":null}`,
		`{"name":"\ud800","count":1e400,"price":1e-9}`, `{"name":"\u0000","count":-0.0,"price":[]}`, "{\"name\":\"\xff\"}", `{"count":30e-1}`,
		strings.Repeat(`{"a":`, 100), `{"count":123456789012345678901234567890e-20}`,
	} {
		f.Add([]byte(body), "application/json")
	}
	f.Add([]byte("name=a&count=3"), "application/x-www-form-urlencoded")
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na\r\n--x--\r\n"), "multipart/form-data; boundary=x")
	h := wantingHandler(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, target := range []string{"/json", "/form"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(string(body)))
			r.Header["Content-Type"] = []string{contentType}
			r.Header.Set("X-User", "lan")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			refusedOrRight(t, w)
		}
	})
}

// FuzzInt holds the exact reading of numbers to what encoding/json makes of
// them, where that is exact too.
func FuzzInt(f *testing.F) {
	for _, number := range []string{"0", "-1", "3.0", "3e2", "1e-1", "9223372036854775807", "9223372036854775808", "1e18", "-0.0e99", "12.340e1", "0.1e1", "100e-2"} {
		f.Add(number)
	}
	f.Fuzz(func(t *testing.T, number string) {
		if !json.Valid([]byte(number)) || number == "" || strings.ContainsAny(number, " \t\r\n[]{}\"tfn") {
			return // No number.
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"n":`+number+`}`))
		fields, err := web.Object(r)
		if err != nil {
			t.Fatal(err)
		}
		got := web.Required(fields, "n", web.Int, web.Is)
		var exact int64
		if json.Unmarshal([]byte(number), &exact) == nil && (fields.Err() != nil || got != exact) {
			t.Errorf("%s is read as %d (%v), want %d", number, got, fields.Err(), exact)
		}
		var about float64
		if json.Unmarshal([]byte(number), &about) == nil && fields.Err() == nil && float64(got) != about {
			t.Errorf("%s is read as %d, not as about %g", number, got, about)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, query := range []string{"", "skip=0&limit=100", "skip=-1&limit=101", "limit=1e2", "limit=%zz", "skip=9223372036854775807", "limit=&limit=7", "a;b"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		fields := web.Query(&http.Request{URL: &url.URL{Path: "/", RawQuery: query}})
		skip, limit := web.Paging(fields)
		if err := fields.Err(); err == nil && (skip < 0 || limit < 1 || limit > 100) {
			t.Errorf("%q: skip %d, limit %d", query, skip, limit)
		} else if err != nil && errs.KindOf(err) != errs.Invalid {
			t.Errorf("%q: %v", query, err)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	for _, value := range []string{"", "*", "*/*;q=0", "application/problem+json", "en-GB,en;q=0.9", "vi;q=x", `"1", W/"2"`, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "\x00\xff", "a,b;c=d"} {
		f.Add("Accept", value)
		f.Add("Accept-Language", value)
		f.Add("If-None-Match", value)
		f.Add("X-Request-Id", value)
		f.Add("Traceparent", value)
		f.Add("Origin", value)
	}
	h := serving(f, web.Config{Origins: []string{"http://localhost:3000"}}, things()...)
	f.Fuzz(func(t *testing.T, name, value string) {
		for _, target := range []string{"/things/7", "/things/x"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
			r.Header[http.CanonicalHeaderKey(name)] = []string{value}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code == http.StatusNotModified {
				continue
			}
			refusedOrRight(t, w)
			if ids := w.Header()["X-Request-Id"]; len(ids) != 1 || strings.ContainsAny(ids[0], " \r\n\x00") {
				t.Errorf("X-Request-Id %q", ids)
			}
		}
	})
}

func FuzzIfMatch(f *testing.F) {
	for _, value := range []string{"", "*", `"1"`, `W/"1"`, `"1","2"`, `"a,b"`, `"`, `W/`, `,,`, `"1" x`} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := &http.Request{Header: http.Header{"If-Match": {value}}}
		etags, any := web.IfMatch(r)
		if len(etags) == 0 && !any {
			t.Errorf("%q is no condition at all", value)
		}
		for _, tag := range etags {
			if !strings.Contains(value, tag) {
				t.Errorf("%q has the tag %q", value, tag)
			}
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "/things/7", "//", "/../", "/things/%00", "/things/%2F", "*", "", "/things/7/", "/%zz", "/things/٣"} {
		f.Add("GET", path)
	}
	f.Add("CONNECT", "/things/7")
	f.Add("OPTIONS", "*")
	h := serving(f, web.Config{InternalToken: "s"}, things()...)
	f.Fuzz(func(t *testing.T, method, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || method == "" {
			return // net/http refuses it.
		}
		r := &http.Request{Method: method, URL: u, Header: http.Header{}, Body: http.NoBody, RequestURI: path}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(t.Context()))
		switch {
		case w.Code >= 500, w.Code >= 300 && w.Code < 400, w.Header().Get("X-Trace-Id") == "":
			t.Errorf("%s %q → %d to %q", method, path, w.Code, w.Header().Get("Location"))
		}
	})
}

func FuzzAnswersOfOthers(f *testing.F) {
	f.Add(404, []byte(`{"code":"thing_not_found","params":{"id":7,"x":1.5},"detail":"x"}`), "1")
	f.Add(422, []byte(`{"code":"validation_failed","detail":[{"loc":["body",1],"type":"missing"}]}`), "")
	f.Add(200, []byte(`{"id":7}`), "")
	f.Add(503, []byte(`<html>`), "-1")
	f.Add(200, []byte(`{"id":7}`), "\x13")
	var status int
	var body []byte
	var after string
	call := calling(f, raw(f, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Retry-After"] = []string{after}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}), telemetry.Nop(), web.ClientOptions{})
	f.Fuzz(func(t *testing.T, s int, b []byte, a string) {
		if s < 200 || s > 999 || s == http.StatusNoContent || s == http.StatusNotModified || strings.ContainsAny(a, "\r\n") {
			return // net/http refuses to send it.
		}
		status, body, after = s, b, a
		_, err := call(t.Context(), 7)
		// net/http sends a control character in a header, and refuses to read it.
		readable := !strings.ContainsFunc(a, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
		good := readable && s < 300 && json.Unmarshal(b, &thing{}) == nil
		if e := errs.Of(err); (err == nil) != good || e != nil && (e.Code == "" || e.RetryAfter < 0) {
			t.Errorf("%d %q → %v", s, b, err)
		}
	})
}
