package product_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"shop/kit/openapi/openapitest"
	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/testkit"

	"shop/product"
)

// A client of Redis that was closed while Redis was away looks for it a last time.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(withEngines{m}, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// withEngines are tests that end the engines they have started.
type withEngines struct{ tests *testing.M }

func (w withEngines) Run() int { return testkit.Main(w.tests) }

const (
	goodToken     = "good.token.of-alice"
	badToken      = "bad.token.of-nobody"
	internalToken = "internal-token-of-the-test"

	patience = 10 * time.Second // For what happens on its own, on a busy machine.
)

// world is the service, run over real sockets between a user and an order
// service that are stubs over real HTTP.
type world struct {
	t      testing.TB
	url    string
	admin  string
	client *http.Client // Checks every exchange against openapi.yaml.
	users  *users
	orders *orders
	tel    *testkit.Captured
	*service.Instance
	stop func()
}

// start runs the service with these settings besides those of the test.
func start(t testing.TB, settings map[string]string) *world {
	t.Helper()
	w := &world{t: t, users: serveUsers(t), orders: serveOrders(t), tel: testkit.Telemetry(t)}
	all := map[string]string{
		"USER_SERVICE_URL": w.users.URL, "ORDER_SERVICE_URL": w.orders.URL,
		"INTERNAL_TOKEN": internalToken, "LOG_LEVEL": "debug",
	}
	for k, v := range settings {
		all[k] = v
	}
	s := product.Spec()
	w.Instance, w.stop = servicetest.Start(t, s, servicetest.Config(t, s, all), service.Parts{Tel: w.tel.Telemetry})
	w.url, w.admin = w.URL(), w.AdminURL()
	w.client = described(t).Client(t)
	return w
}

// described returns openapi.yaml, ready to check exchanges. Compiling it takes
// longer than most tests, so it is done once for all.
func described(t testing.TB) *openapitest.Spec {
	t.Helper()
	specOnce.Do(func() { spec = openapitest.Load(t, document(t)) })
	if spec == nil {
		t.Fatal("openapi.yaml could not be read; see the test that failed first")
	}
	return spec
}

var (
	specOnce sync.Once
	spec     *openapitest.Spec
)

func document(t testing.TB) []byte {
	t.Helper()
	spec, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// answer is a response that was read to its end.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// do sends a request. headers are name, value, name, value… Like all that checks
// an answer it may be called from any goroutine.
func (w *world) do(method, path, body string, headers ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return answer{t: w.t}
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Error(err)
		return answer{t: w.t}
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Error(err)
	}
	return answer{w.t, response.StatusCode, response.Header, string(b)}
}

func (w *world) get(path string, headers ...string) answer {
	w.t.Helper()
	return w.do(http.MethodGet, path, "", headers...)
}

// as sends a request as somebody who is logged in.
func (w *world) as(method, path, body string, headers ...string) answer {
	w.t.Helper()
	return w.do(method, path, body, append(headers, "Authorization", "Bearer "+goodToken)...)
}

// wants fails unless the answer has the status and, if given, contains the texts.
func (a answer) wants(status int, texts ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("got %d %s, want %d", a.status, a.body, status)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.t.Errorf("%s does not contain %s", a.body, text)
		}
	}
	return a
}

func (a answer) etag() string { return a.header.Get("ETag") }

// item is a product as clients read it.
type item struct {
	ID          int64       `json:"id"`
	Name        string      `json:"name"`
	Description *string     `json:"description"`
	Price       json.Number `json:"price"`
	Quantity    int64       `json:"quantity"`
	CreatedAt   string      `json:"created_at"`
	UpdatedAt   string      `json:"updated_at"`
}

func (a answer) item() (p item) {
	a.t.Helper()
	a.into(&p)
	return p
}

func (a answer) items() (list []item) {
	a.t.Helper()
	a.into(&list)
	return list
}

func (a answer) into(v any) {
	a.t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		a.t.Errorf("%v in %s", err, a.body)
	}
}

// create adds a product.
func (w *world) create(name, price string, quantity int64) item {
	w.t.Helper()
	return w.as(http.MethodPost, "/products", fmt.Sprintf(`{"name":%s,"price":%s,"quantity":%d}`, encode(w.t, name), price, quantity)).
		wants(http.StatusCreated).item()
}

func (w *world) path(id int64) string { return fmt.Sprint("/products/", id) }

// left returns the stock that clients see.
func (w *world) left(id int64) int64 {
	w.t.Helper()
	return w.get(w.path(id)).wants(http.StatusOK).item().Quantity
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return b
}

// users is a user service that knows one token.
type users struct {
	*httptest.Server
	asked atomic.Int64
	away  atomic.Bool
}

func serveUsers(t testing.TB) *users {
	u := &users{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /validate-token", func(w http.ResponseWriter, r *http.Request) {
		if u.away.Load() {
			panic(http.ErrAbortHandler)
		}
		u.asked.Add(1)
		var body struct{ Token string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if body.Token != goodToken {
			fmt.Fprint(w, `{"valid":false,"username":null,"user_id":null,"message":"Token is invalid or expired"}`)
			return
		}
		fmt.Fprint(w, `{"valid":true,"username":"alice","user_id":1,"message":"Token is valid"}`)
	})
	u.Server = httptest.NewServer(mux)
	t.Cleanup(u.Close)
	return u
}

// orders is an order service that knows which reservations have an order.
type orders struct {
	*httptest.Server
	asked atomic.Int64
	away  atomic.Bool
	known sync.Map // reservation id → true: ordered
}

func serveOrders(t testing.TB) *orders {
	o := &orders{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /internal/reservations/{id}/settle", func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		if o.away.Load() {
			panic(http.ErrAbortHandler)
		}
		if r.Header.Get("X-Internal-Token") != internalToken {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		decision := "abandoned"
		if ordered, _ := o.known.LoadOrStore(r.PathValue("id"), false); ordered == true {
			decision = "keep"
		}
		fmt.Fprintf(w, `{"decision":%q}`, decision)
	})
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

// place makes the reservation's order exist; false if the reservation was
// settled as abandoned before.
func (o *orders) place(reservation string) bool {
	ordered, loaded := o.known.LoadOrStore(reservation, true)
	return !loaded || ordered == true
}
