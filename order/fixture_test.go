package order_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	bus "shop/kit/event/bus/memory"
	"shop/kit/openapi/openapitest"
	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/testkit"
	"shop/kit/web"
	"shop/order"
	"shop/order/adapters/memory"
	"shop/order/adapters/product/producttest"
	"shop/order/domain"
)

const phone = 42

// shop is the order service over real sockets, between a user and a product
// service that are stubs over real sockets too. Its clock stands still. Every
// exchange is checked against openapi.yaml.
type shop struct {
	t        *testing.T
	tel      *testkit.Captured
	clock    *testkit.Clock
	products *memory.Catalogue // Ten phones at 19.99.
	users    *users
	bus      *bus.Bus
	instance *service.Instance
	client   *http.Client
	stop     func()
}

func newShop(t *testing.T, environment ...map[string]string) *shop {
	t.Helper()
	s := &shop{
		t:     t,
		tel:   testkit.Telemetry(t),
		clock: testkit.NewClock(time.Time{}),
		products: memory.NewCatalogue(map[domain.ProductID]memory.Product{
			phone: {Name: "Điện thoại “Ốc” <b>", Price: 1999, Stock: 10},
		}),
		users:  &users{},
		client: openapitest.Load(t, order.OpenAPI).Client(t),
	}
	s.bus = bus.New(order.Topology(), s.clock.Now)
	authentication := httptest.NewServer(s.users)
	t.Cleanup(authentication.Close)
	settings := map[string]string{
		"USER_SERVICE_URL":    authentication.URL,
		"PRODUCT_SERVICE_URL": producttest.Serve(t, s.products),
		"INTERNAL_TOKEN":      producttest.Token,
		"APP_VERSION":         "1.2.3",
	}
	for _, more := range environment {
		for name, value := range more {
			settings[name] = value
		}
	}
	s.instance, s.stop = servicetest.Start(t, order.Spec(), servicetest.Config(t, order.Spec(), settings),
		service.Parts{Tel: s.tel.Telemetry, Bus: s.bus, Now: s.clock.Now})
	return s
}

// routes are those of the public API.
func (s *shop) routes() []string { return web.RoutesOf(s.instance.Service.Handler) }

// users is the user service: it knows alice, who is user 1, and bob, who is 2.
type users struct {
	away  atomic.Bool
	asked atomic.Int64
}

func (u *users) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.asked.Add(1)
	var question struct{ Token string }
	if u.away.Load() || r.URL.Path != "/validate-token" || json.NewDecoder(r.Body).Decode(&question) != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch question.Token {
	case "alice":
		_, _ = io.WriteString(w, `{"valid":true,"username":"alice","user_id":1,"message":"Token is valid"}`)
	case "bob":
		_, _ = io.WriteString(w, `{"valid":true,"username":"bob","user_id":2,"message":"Token is valid"}`)
	default:
		_, _ = io.WriteString(w, `{"valid":false,"username":null,"user_id":null,"message":"Token is invalid or expired"}`)
	}
}

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// header is a header of a request; the zero one is none.
type header struct{ name, value string }

// call sends a request as user ("" = nobody).
func (s *shop) call(user, method, path, body string, headers ...header) answer {
	s.t.Helper()
	a, err := s.try(user, method, path, body, headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// try is call for other goroutines than the test's own.
func (s *shop) try(user, method, path, body string, headers ...header) (answer, error) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.instance.URL()+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if user != "" {
		r.Header.Set("Authorization", "Bearer "+user)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		if h.name != "" {
			r.Header.Set(h.name, h.value)
		}
	}
	response, err := s.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(read)}, err
}

// place orders n phones for alice and returns the order's id.
func (s *shop) place(n int) (id string) {
	s.t.Helper()
	a := s.call("alice", "POST", "/orders", newOrder(n))
	s.want(a, http.StatusCreated)
	return a.field(s.t, "id")
}

func newOrder(quantity int) string {
	b, _ := json.Marshal(map[string]int{"product_id": phone, "quantity": quantity})
	return string(b)
}

// turn moves alice's order to a status.
func (s *shop) turn(id, status string) answer {
	s.t.Helper()
	return s.call("alice", "PUT", "/orders/"+id, `{"status":"`+status+`"}`)
}

func (s *shop) want(a answer, status int) {
	s.t.Helper()
	if a.status != status {
		s.t.Fatalf("status %d, want %d\n%s", a.status, status, a.body)
	}
}

// wantError fails unless a is an error with this text (in Vietnamese) and code.
func (s *shop) wantError(a answer, status int, code, detail string) {
	s.t.Helper()
	var body struct {
		Detail  any    `json:"detail"`
		Code    string `json:"code"`
		TraceID string `json:"trace_id"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		s.t.Fatalf("%v\n%s", err, a.body)
	}
	if a.status != status || body.Code != code || body.Detail != detail {
		s.t.Errorf("answer %d %s\nwant   %d %s: %s", a.status, a.body, status, code, detail)
	}
	if body.TraceID != a.header.Get("X-Trace-Id") {
		s.t.Errorf("trace %q in the body, %q in the header", body.TraceID, a.header.Get("X-Trace-Id"))
	}
}

func (s *shop) wantStock(n int64) {
	s.t.Helper()
	if got := s.products.Stock(phone); got != n {
		s.t.Errorf("%d in stock, want %d", got, n)
	}
}

// field returns a field of the body as it is written there.
func (a answer) field(t *testing.T, name string) string {
	t.Helper()
	var body map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%v\n%s", err, a.body)
	}
	return strings.Trim(string(body[name]), `"`)
}

// faults returns "loc type" of every fault of a 422.
func (a answer) faults(t *testing.T) []string {
	t.Helper()
	var body struct {
		Detail []struct {
			Loc  []any  `json:"loc"`
			Type string `json:"type"`
		} `json:"detail"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%v\n%s", err, a.body)
	}
	var faults []string
	for _, f := range body.Detail {
		var loc bytes.Buffer
		for i, step := range f.Loc {
			if i > 0 {
				loc.WriteByte('.')
			}
			b, _ := json.Marshal(step)
			loc.Write(bytes.Trim(b, `"`))
		}
		faults = append(faults, loc.String()+" "+f.Type)
	}
	return faults
}
