package product_test

import (
	"net/http"
	"strings"
	"testing"
)

// matrix is every route that clients have and whether it needs a login.
var matrix = []struct {
	method, path, body string
	login              bool
	status             int // For who is let in.
}{
	{"POST", "/products", `{"name":"x","price":1,"quantity":1}`, true, 201},
	{"GET", "/products", "", false, 200},
	{"GET", "/products/1", "", false, 200},
	{"PUT", "/products/1", `{"quantity":2}`, true, 200},
	{"GET", "/", "", false, 200},
	{"GET", "/health", "", false, 200},
	{"GET", "/livez", "", false, 200},
	{"GET", "/readyz", "", false, 200},
	{"DELETE", "/products/1", "", true, 204},
}

func TestWhoMayDoWhat(t *testing.T) {
	w := start(t, nil)
	w.create("Laptop", "1", 1)
	for _, who := range []struct {
		name, header string
		known        bool
	}{
		{"nobody", "", false},
		{"another scheme", "Basic YWxpY2U6cHc=", false},
		{"an invalid token", "Bearer " + badToken, false},
		{"no token", "Bearer ", false},
		{"two tokens", "Bearer " + goodToken + " " + goodToken, false},
		{"a long token", "Bearer " + strings.Repeat("a", 10_000), false},
		{"alice", "Bearer " + goodToken, true},
	} {
		for _, route := range matrix {
			t.Run(who.name+" "+route.method+" "+route.path, func(t *testing.T) {
				var headers []string
				if who.header != "" {
					headers = []string{"Authorization", who.header}
				}
				a := w.do(route.method, route.path, route.body, headers...)
				if !route.login || who.known {
					a.wants(route.status)
					return
				}
				a.wants(http.StatusUnauthorized, `"detail":"Không thể xác thực thông tin đăng nhập"`, `"code":"unauthenticated"`)
				if got := a.header.Get("WWW-Authenticate"); got != "Bearer" {
					t.Errorf("WWW-Authenticate is %q", got)
				}
			})
		}
	}
	w.do("POST", "/products", `{"name":"x","price":1,"quantity":1}`, "Authorization", "bEaReR "+goodToken).wants(http.StatusCreated)
}

// Syntax is refused first, then strangers, then fields, then what is not there.
func TestOrderOfRefusals(t *testing.T) {
	w := start(t, nil)
	w.do("PUT", "/products/7", `{`).wants(http.StatusUnprocessableEntity)
	w.do("PUT", "/products/7", `{}`, "Content-Type", "text/plain").wants(http.StatusUnsupportedMediaType)
	w.do("PUT", "/products/x", `{"price":-1}`).wants(http.StatusUnauthorized)
	w.as("PUT", "/products/7", `{"price":-1}`).wants(http.StatusUnprocessableEntity)
	w.as("PUT", "/products/7", `{"price":1}`, "If-Match", `"7-1"`).wants(http.StatusNotFound)
}

func TestUserServiceAway(t *testing.T) {
	w := start(t, nil)
	p := w.create("Laptop", "1", 1)
	w.users.away.Store(true)
	for range 10 { // Beyond the breaker's patience.
		a := w.as("PUT", w.path(p.ID), `{"quantity":2}`).wants(http.StatusServiceUnavailable, `"code":"auth_unavailable"`, `Không thể xác thực với User Service`)
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	w.do("PUT", w.path(p.ID), `{"quantity":2}`).wants(http.StatusUnauthorized)
	w.get(w.path(p.ID)).wants(http.StatusOK, `"quantity":1`)
	w.get("/products").wants(http.StatusOK)
	w.get("/readyz").wants(http.StatusOK)
	w.reserve(newReservation(), p.ID, 1).wants(http.StatusCreated)
	w.users.away.Store(false)
	eventually(t, func() bool { return w.as("PUT", w.path(p.ID), `{"quantity":2}`).status == http.StatusOK }, "writes work again")
}

// Every authenticated request is one question to the user service; a request
// without a token asks nothing.
func TestOneHopPerRequest(t *testing.T) {
	w := start(t, nil)
	w.do("POST", "/products", `{}`).wants(http.StatusUnauthorized)
	w.get("/products").wants(http.StatusOK)
	if n := w.users.asked.Load(); n != 0 {
		t.Errorf("asked %d times without a token", n)
	}
	for range 3 {
		w.create("Laptop", "1", 1)
	}
	if n := w.users.asked.Load(); n != 3 {
		t.Errorf("asked %d times for 3 requests", n)
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	w := start(t, nil)
	w.create("Laptop", "1", 1)
	w.do("POST", "/products", `{}`, "Authorization", "Bearer "+badToken).wants(http.StatusUnauthorized)
	w.reserve(newReservation(), 1, 1).wants(http.StatusCreated)
	w.reserveAs("wrong-internal-token", newReservation(), 1, 1).wants(http.StatusForbidden)
	w.users.away.Store(true)
	w.as("POST", "/products", `{}`).wants(http.StatusServiceUnavailable)
	log := w.tel.LogText()
	for _, secret := range []string{goodToken, badToken, internalToken, "wrong-internal-token"} {
		if strings.Contains(log, secret) {
			t.Errorf("%s stands in the log", secret)
		}
	}
	for _, span := range w.tel.Spans("") {
		for _, a := range span.Attributes() {
			if text := a.Value.String(); strings.Contains(text, goodToken) || strings.Contains(text, internalToken) {
				t.Errorf("%s=%s in a span", a.Key, text)
			}
		}
	}
}
