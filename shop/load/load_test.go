package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/load"
	"shop/shop/local"
	"shop/shop/rest"
)

// patience is how long a start or a stop may take.
const patience = time.Minute

// start runs a shop until the end of the test.
func start(t *testing.T) rest.Shop {
	t.Helper()
	shop, err := local.Build(t.Context(), local.Options{
		Data: t.TempDir(), Host: "127.0.0.1", Log: &testkit.Buffer{}, Environ: map[string]string{"BCRYPT_COST": "4"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- shop.Run(ctx, func() { close(ready) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the shop did not stop cleanly: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("the shop ended: %v", err)
	case <-time.After(patience):
		t.Fatal("the shop is not ready")
	}
	return shop.Public()
}

func options(shop rest.Shop) load.Options {
	return load.Options{
		Shop: shop, Rate: 100, Duration: time.Second, Timeout: 10 * time.Second, Buyers: 2, Products: 3, Progress: io.Discard,
	}
}

func TestEveryAnswerOfAHealthyShopIsCounted(t *testing.T) {
	shop := start(t)
	r, err := load.Run(t.Context(), options(shop))
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed != 0 || r.Requests < 90 || r.Requests > 101 {
		t.Errorf("%d requests, %d failed: %+v; want about 100 and none", r.Requests, r.Failed, r.Failures)
	}
	if r.OrdersPlaced != r.Requests/5 {
		t.Errorf("%d of %d requests placed orders, want a fifth", r.OrdersPlaced, r.Requests)
	}
	if len(r.Operations) != 8 || r.Latency.P50 <= 0 || r.Latency.P50 > r.Latency.P99 || r.Latency.P99 > r.Latency.Max {
		t.Errorf("got %+v", r)
	}
	a, err := shop.Product.Get(t.Context(), "/products")
	if err != nil || strings.TrimSpace(string(a.Body)) != "[]" {
		t.Errorf("left on sale: %s (%v)", a.Body, err)
	}
}

func TestTheEndOfTheContextIsTheEndOfTheLoad(t *testing.T) {
	o := options(start(t))
	o.Duration = 0
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	r, err := load.Run(ctx, o)
	if err != nil || r.Failed != 0 || r.Requests == 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// TestEveryFailureIsCounted: a product service that fails each tenth read in one
// way or another.
func TestEveryFailureIsCounted(t *testing.T) {
	shop := start(t)
	for name, fail := range map[string]http.HandlerFunc{
		"503": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Trace-Id", "4bf92f3577b34da6a3ce929d0e0e4736")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"detail":"away"}`)
		},
		"302":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/products", http.StatusFound) },
		"reset":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"timeout": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			var reads, failed atomic.Int64
			to, err := url.Parse(shop.Product.Base)
			if err != nil {
				t.Fatal(err)
			}
			proxy := httputil.NewSingleHostReverseProxy(to)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/products/") && reads.Add(1)%10 == 0 {
					failed.Add(1)
					fail(w, r)
					return
				}
				proxy.ServeHTTP(w, r)
			}))
			defer server.Close()
			o := options(shop)
			o.Shop.Product.Base = server.URL
			o.Timeout = time.Second
			r, err := load.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			// What the client sent again was a failure for the server only.
			if got, want := r.Failed+r.Repeated, int(failed.Load()); got != want || got == 0 {
				t.Errorf("%d failed and %d were sent again, the server failed %d", r.Failed, r.Repeated, want)
			}
			var text bytes.Buffer
			r.Print(&text)
			if r.Failed > 0 && (!strings.Contains(text.String(), name+"×") || r.Failures[0].Answer != name || r.Failures[0].Operation != "read a product") {
				t.Errorf("%+v, said as\n%s", r.Failures, text.String())
			}
			if name == "503" && !strings.Contains(text.String(), "away (trace 4bf92f3577b34da6a3ce929d0e0e4736)") {
				t.Errorf("no cause and trace in\n%s", text.String())
			}
		})
	}
}

// TestLateAnswersAreLateFromWhenTheyWereDue: a service that stands still does not
// stop the load.
func TestLateAnswersAreLateFromWhenTheyWereDue(t *testing.T) {
	shop := start(t)
	to, err := url.Parse(shop.Product.Base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	var reads atomic.Int64
	open := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/products/") {
			if reads.Add(1) == 1 {
				time.AfterFunc(time.Second, func() { close(open) })
			}
			<-open
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()
	o := options(shop)
	o.Shop.Product.Base = server.URL
	r, err := load.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed != 0 || r.Requests < 90 || r.Latency.Max < 900 || r.Latency.P95 < 500 {
		t.Errorf("%d requests, %d failed, %+v; want 100, none, and a second of late answers", r.Requests, r.Failed, r.Latency)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	err := load.Options{}.Check()
	for _, name := range []string{"rate", "buyers", "products", "timeout"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	nobody := httptest.NewServer(nil)
	nobody.Close()
	shop := rest.Shop{User: rest.Client{Base: nobody.URL}}
	if _, err := load.Run(t.Context(), options(shop)); err == nil || !strings.Contains(err.Error(), "register a buyer") {
		t.Errorf("got %v, want an error of the registration", err)
	}
}

// TestTheReportIsTheSameForScripts: what compose's tests and people's scripts read.
func TestTheReportIsTheSameForScripts(t *testing.T) {
	text, err := json.Marshal(load.Report{Requests: 3, Failed: 1, OrdersPlaced: 2, Failures: []load.Failure{}})
	const want = `"requests":3,"failed":1,"repeated":0,"orders_placed":2,"latency_ms":{"p50":0,"p95":0,"p99":0,"max":0}`
	if err != nil || !strings.Contains(string(text), want) {
		t.Errorf("got %s (%v), want it to hold %s", text, err, want)
	}
}
