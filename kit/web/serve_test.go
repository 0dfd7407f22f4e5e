package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/web"
)

// things are routes like those of a service.
func things() []web.Route {
	return []web.Route{
		web.Handle("GET /things/{id}", http.StatusOK, endpoint.New(
			func(_ context.Context, id int64) (thing, error) { return aThing(id), nil }),
			func(r *http.Request) (int64, error) {
				f := web.Path(r)
				id := web.Required(f, "id", web.Int, web.Is)
				return id, f.Err()
			},
			func(v thing) web.Reply { return web.Reply{Body: v, ETag: `"1"`} }),
		web.Handle("PUT /things/{id}", http.StatusOK, answering("", nil), nothing, func(string) web.Reply { return web.JSON(true) }),
		web.Handle("POST /things", http.StatusCreated, answering(aThing(7), nil), nothing,
			func(v thing) web.Reply { return web.Reply{Body: v, Location: "/things/7"} }),
		web.Handle("DELETE /things/{id}", http.StatusNoContent, answering(endpoint.None{}, nil), nothing, web.Empty),
		web.Handle("POST /internal/things", http.StatusOK, answering("", nil), nothing, func(string) web.Reply { return web.JSON(true) }).Internal(),
	}
}

func TestRouting(t *testing.T) {
	h := serving(t, web.Config{InternalToken: "secret"}, things()...)
	tests := map[string]struct {
		method, target string
		status         int
		allow, body    string
	}{
		"a route":                             {method: "GET", target: "/things/7", status: 200, body: aThingJSON},
		"with a trailing slash":               {method: "GET", target: "/things/7/", status: 200, body: aThingJSON},
		"with an escaped letter":              {method: "GET", target: "/%74hings/7", status: 200, body: aThingJSON},
		"with a trailing slash and an escape": {method: "GET", target: "/%74hings/%37/", status: 200, body: aThingJSON},
		"with a query":                        {method: "GET", target: "/things/7?a=%zz", status: 200, body: aThingJSON},
		"HEAD":                                {method: "HEAD", target: "/things/7", status: 200},
		"HEAD of a missing page":              {method: "HEAD", target: "/nothing", status: 404},
		"created":                             {method: "POST", target: "/things/", status: 201, body: aThingJSON},
		"without content":                     {method: "DELETE", target: "/things/7", status: 204},
		"unknown path":                        {method: "GET", target: "/nothing", status: 404},
		"unknown path below a route":          {method: "GET", target: "/things/7/parts", status: 404},
		"other letter case":                   {method: "GET", target: "/Things/7", status: 404},
		"two slashes":                         {method: "GET", target: "//things/7", status: 404},
		"two trailing slashes":                {method: "GET", target: "/things/7//", status: 404},
		"a dot":                               {method: "GET", target: "/./things/7", status: 404},
		"two dots":                            {method: "GET", target: "/things/../things/7", status: 404},
		"escaped dots":                        {method: "GET", target: "/%2e%2e/things/7", status: 404},
		"an escaped slash":                    {method: "GET", target: "/things%2F7", status: 404},
		"wrong method":                        {method: "PATCH", target: "/things/7", status: 405, allow: "DELETE, GET, HEAD, PUT"},
		"wrong method with a trailing slash":  {method: "GET", target: "/things/", status: 405, allow: "POST"},
		"HEAD where GET does not work":        {method: "HEAD", target: "/things", status: 405, allow: "POST"},
		"OPTIONS that is no preflight":        {method: "OPTIONS", target: "/things", status: 405, allow: "POST"},
		"a method that nobody knows":          {method: "BREW", target: "/things/7", status: 405, allow: "DELETE, GET, HEAD, PUT"},
		"TRACE":                               {method: "TRACE", target: "/", status: 405, allow: "GET, HEAD"},
		"CONNECT":                             {method: "CONNECT", target: "/things/7", status: 405, allow: "DELETE, GET, HEAD, PUT"},
		"wrong method of a page":              {method: "POST", target: "/health", status: 405, allow: "GET, HEAD"},
		"wrong method of an internal route":   {method: "GET", target: "/internal/things", status: 404},
		"metrics are not public":              {method: "GET", target: "/metrics", status: 404},
		"documentation without a spec":        {method: "GET", target: "/docs", status: 404},
		"an id that is none":                  {method: "GET", target: "/things/abc", status: 422},
		"an id with NUL":                      {method: "GET", target: "/things/%00", status: 422},
		"an id beyond 64 bits":                {method: "GET", target: "/things/99999999999999999999", status: 422},
		"an id that is invalid UTF-8":         {method: "GET", target: "/things/%ff", status: 422},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(h, tt.method, tt.target, "")
			if w.Code != tt.status {
				t.Errorf("status %d, want %d; body %s", w.Code, tt.status, w.Body)
			}
			if got := w.Header().Get("Allow"); got != tt.allow {
				t.Errorf("Allow %q, want %q", got, tt.allow)
			}
			if tt.body != "" && w.Body.String() != tt.body {
				t.Errorf("body %s, want %s", w.Body, tt.body)
			}
			if tt.status >= 400 && tt.method != "HEAD" {
				failed(t, w, tt.status)
			}
			if tt.status == 204 && (w.Body.Len() > 0 || w.Header().Get("Content-Type") != "") {
				t.Errorf("204 with the body %q of type %q", w.Body, w.Header().Get("Content-Type"))
			}
			if tt.method == "HEAD" && (w.Body.Len() > 0 || w.Header().Get("Content-Length") == "0") {
				t.Errorf("HEAD with the body %q of length %s", w.Body, w.Header().Get("Content-Length"))
			}
		})
	}
}

func TestAHostileRequestLineIsNoRoute(t *testing.T) {
	h := serving(t, web.Config{}, things()...)
	for _, u := range []*url.URL{{Path: ""}, {Path: "*"}, {Path: "things/7"}, {Opaque: "x"}, {Path: "/..", RawPath: "/%2e."}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		w := &discard{h: http.Header{}}
		h.ServeHTTP(w, r)
		if w.status != http.StatusNotFound {
			t.Errorf("path %+v: status %d, want 404", u, w.status)
		}
	}
}

func TestEveryResponseCarriesItsIDs(t *testing.T) {
	h := serving(t, web.Config{Origins: []string{"http://localhost:3000"}}, append(things(),
		failing(errs.New(errs.NotFound, "gone")),
		web.Handle("GET /panic", http.StatusOK, endpoint.New(func(context.Context, endpoint.None) (string, error) { panic("no") }),
			nothing, func(string) web.Reply { return web.JSON(nil) }),
	)...)
	for _, request := range []string{
		"GET /things/7", "HEAD /things/7", "DELETE /things/7", "GET /nothing", "GET //", "PATCH /things/7", "GET /fail", "GET /panic",
		"GET /", "GET /health", "GET /livez", "GET /readyz", "OPTIONS /things", "POST /things",
	} {
		method, target, _ := strings.Cut(request, " ")
		body := ""
		if method == "POST" {
			body = strings.Repeat("x", 2<<20) // 413
		}
		w := ask(h, method, target, body, "Origin: http://localhost:3000", "Access-Control-Request-Method: POST")
		ids, traces := w.Header()["X-Request-Id"], w.Header()["X-Trace-Id"]
		if len(ids) != 1 || len(ids[0]) != 32 || len(traces) != 1 || len(traces[0]) != 32 || strings.Trim(traces[0], "0123456789abcdef") != "" {
			t.Errorf("%s → %d: X-Request-Id %q, X-Trace-Id %q; want one of each", request, w.Code, ids, traces)
		}
	}
}

func TestRequestID(t *testing.T) {
	next := 0
	h := serving(t, web.Config{NewID: func() string { next++; return "made" }}, things()...)
	tests := map[string]struct {
		sent []string
		want string
	}{
		"none":                {nil, "made"},
		"a good one":          {[]string{"aZ09._-"}, "aZ09._-"},
		"the longest":         {[]string{strings.Repeat("a", 128)}, strings.Repeat("a", 128)},
		"too long":            {[]string{strings.Repeat("a", 129)}, "made"},
		"empty":               {[]string{""}, "made"},
		"two of them":         {[]string{"a", "b"}, "made"},
		"with a space":        {[]string{"a b"}, "made"},
		"with a line break":   {[]string{"a\r\nX: y"}, "made"},
		"with a quote":        {[]string{`a"b`}, "made"},
		"with other letters":  {[]string{"đơn"}, "made"},
		"with a percent sign": {[]string{"%0a"}, "made"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var header []string
			for _, id := range tt.sent {
				header = append(header, "X-Request-Id: "+id)
			}
			w := ask(h, "GET", "/things/7", "", header...)
			if got := w.Header()["X-Request-Id"]; !slices.Equal(got, []string{tt.want}) {
				t.Errorf("X-Request-Id %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAnEndpointsNonsenseIsAClean500(t *testing.T) {
	type secret struct {
		Internal chan int `json:"internal"`
	}
	boom := func(string) web.Reply { panic("secret-thing") }
	tests := map[string]web.Route{
		"an error that nobody classified": failing(errors.New("pq: secret-thing does not exist")),
		"a value that is no JSON": web.Handle("GET /fail", 200, answering(secret{}, nil), nothing,
			func(s secret) web.Reply { return web.JSON(s) }),
		"a number that is none": web.Handle("GET /fail", 200, answering(0.0, nil), nothing,
			func(float64) web.Reply { return web.JSON(math.NaN()) }),
		"a response of another type": web.Handle("GET /fail", 200, answering("secret-thing", nil), nothing,
			func(int) web.Reply { return web.JSON(1) }),
		"a panic while decoding": web.Handle("GET /fail", 200, answering("", nil),
			func(*http.Request) (endpoint.None, error) { panic("secret-thing") }, func(string) web.Reply { return web.JSON(1) }),
		"a panic while encoding": web.Handle("GET /fail", 200, answering("", nil), nothing, boom),
		"a kind unheard of":      failing(errs.New(errs.Kind(77), "secret-thing-code")),
	}
	for name, route := range tests {
		t.Run(name, func(t *testing.T) {
			h, tel := captured(t, route)
			w := ask(h, "GET", "/fail", "")
			failed(t, w, http.StatusInternalServerError)
			if strings.Contains(strings.ReplaceAll(w.Body.String(), "secret-thing-code", ""), "secret") {
				t.Errorf("the body shows what is inside: %s", w.Body)
			}
			if len(tel.Logs("request")) != 1 {
				t.Errorf("access log %v, want one line", tel.Logs("request"))
			}
		})
	}
}

func TestAPanicIsLoggedWithItsStack(t *testing.T) {
	h, tel := captured(t, web.Handle("GET /fail", 200, answering("", nil), nothing, func(string) web.Reply { panic("bang") }))
	w := ask(h, "GET", "/fail", "")
	failed(t, w, http.StatusInternalServerError)
	logs := tel.Logs("panicked")
	if len(logs) != 1 || logs[0].Text("panic") != "bang" || !strings.Contains(logs[0].Text("stack"), "serve_test.go") ||
		logs[0].Text("trace_id") != w.Header().Get("X-Trace-Id") {
		t.Errorf("log %v, want the panic, its stack and its trace", logs)
	}
}

func TestReply(t *testing.T) {
	reply := func(r web.Reply) web.Route {
		return web.Handle("GET /reply/{x}", http.StatusOK, answering("", nil), nothing, func(string) web.Reply { return r })
	}
	tests := map[string]struct {
		reply  web.Reply
		target string
		status int
		body   string
		header map[string]string
	}{
		"compact JSON without HTML escapes": {
			web.JSON(map[string]any{"id": 7, "name": "a<b>&c đ"}), "/reply/1", 200, `{"id":7,"name":"a<b>&c đ"}`,
			map[string]string{"Content-Type": "application/json", "Content-Length": "27", "X-Content-Type-Options": "nosniff"},
		},
		"JSON that is ready":   {web.JSON(json.RawMessage(`{"price":24000000.00}`)), "/reply/1", 200, `{"price":24000000.00}`, nil},
		"another status":       {web.Reply{Status: 202, Body: []int{}}, "/reply/1", 202, `[]`, nil},
		"more headers":         {web.Reply{Body: 1, Location: "/x/1", ETag: `W/"3"`, Header: http.Header{"x-more": {"1"}}}, "/reply/1", 200, `1`, map[string]string{"Location": "/x/1", "Etag": `W/"3"`, "X-More": "1"}},
		"no body":              {web.Reply{}, "/reply/1", 200, ``, map[string]string{"Content-Type": ""}},
		"a whole page":         {web.Reply{Body: []int{}, Page: &web.Page{Total: 42, Exact: true}}, "/reply/1", 200, `[]`, map[string]string{"X-Total-Count": "42", "X-Total-Count-Exact": "", "Link": ""}},
		"more than is counted": {web.Reply{Body: []int{}, Page: &web.Page{Total: 10000}}, "/reply/1", 200, `[]`, map[string]string{"X-Total-Count": "10000", "X-Total-Count-Exact": "false"}},
		"a next page": {
			web.Reply{Body: []int{}, Page: &web.Page{Exact: true, Next: "skip=20"}}, "/reply/1/?limit=20&q=b%C3%BAt&skip=0", 200, `[]`,
			map[string]string{"X-Total-Count": "0", "Link": `</reply/1?limit=20&q=b%C3%BAt&skip=20>; rel="next"`},
		},
		"a next page without what it had": {
			web.Reply{Body: []int{}, Page: &web.Page{Exact: true, Next: "after=c2&skip="}}, "/reply/a%22%3E?limit=20&skip=0", 200, `[]`,
			map[string]string{"Link": `</reply/a%22%3E?after=c2&limit=20>; rel="next"`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(serving(t, web.Config{}, reply(tt.reply)), "GET", tt.target, "")
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, tt.body)
			}
			for name, want := range tt.header {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestAHugeReplyIsWhole(t *testing.T) {
	body := strings.Repeat("đ", 1<<20)
	h := serving(t, web.Config{}, web.Handle("GET /x", 200, answering(body, nil), nothing, func(s string) web.Reply { return web.JSON(s) }))
	for range 3 {
		if w := ask(h, "GET", "/x", ""); w.Body.String() != `"`+body+`"` {
			t.Fatalf("%d bytes, want %d", w.Body.Len(), len(body)+2)
		}
	}
}

func TestRoutesOf(t *testing.T) {
	spec := []byte("openapi: 3.1.0\ninfo: {title: Things, version: '1'}\npaths: {}\n")
	h := serving(t, web.Config{Spec: spec}, things()...)
	want := []string{
		"DELETE /things/{id}", "GET /", "GET /health", "GET /livez", "GET /readyz", "GET /things/{id}", "POST /things", "PUT /things/{id}",
	}
	if got := web.RoutesOf(h); !slices.Equal(got, want) {
		t.Errorf("routes %q, want %q", got, want)
	}
}

func TestBugsShowAtStart(t *testing.T) {
	route := func(pattern string) web.Route {
		return web.Handle(pattern, 200, answering("", nil), nothing, func(string) web.Reply { return web.JSON(1) })
	}
	tests := map[string]func(){
		"a pattern without a method": func() { route("/things") },
		"a pattern without a path":   func() { route("GET") },
		"two routes of one pattern":  func() { serving(t, web.Config{}, route("GET /x"), route("GET /x")) },
		"a spec that is none":        func() { serving(t, web.Config{Spec: []byte("swagger: 2.0")}) },
	}
	for name, start := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it started")
				}
			}()
			start()
		})
	}
}

func TestBeforeReadsTheRequestIntoTheContext(t *testing.T) {
	type key struct{}
	h := serving(t, web.Config{Before: []func(context.Context, *http.Request) context.Context{
		func(ctx context.Context, r *http.Request) context.Context {
			return context.WithValue(ctx, key{}, r.Header.Get("X-Who"))
		},
	}}, web.Handle("GET /who", 200, endpoint.New(func(ctx context.Context, _ endpoint.None) (any, error) { return ctx.Value(key{}), nil }),
		nothing, web.JSON))
	if w := ask(h, "GET", "/who", "", "X-Who: lan"); w.Body.String() != `"lan"` {
		t.Errorf("body %s, want the header", w.Body)
	}
}
