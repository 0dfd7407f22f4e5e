package product_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"shop/kit/service"
	"shop/kit/service/servicetest"

	"shop/product"
)

// BenchmarkGetProduct reads one product out of the cache over real sockets, by
// the whole service and by a few lines of net/http that write the same bytes.
// Only the two beside each other mean something.
func BenchmarkGetProduct(b *testing.B) {
	spec := product.Spec()
	i, _ := servicetest.Start(b, spec, servicetest.Config(b, spec, map[string]string{"LOG_LEVEL": "warn"}), service.Parts{LogWriter: io.Discard})
	if _, err := i.Infra.DB.Exec(b.Context(), `INSERT INTO products VALUES
		(1, 'Điện thoại Galaxy S30', 'dien thoai galaxy s30', 'Màn hình 6.5 inch', 2400000000, 10, 1773500966535897, 1773500966535897, 1)`); err != nil {
		b.Fatal(err)
	}
	body := read(b, http.DefaultTransport, i.URL()+"/products/1")
	b.Run("service", func(b *testing.B) { benchmarkGet(b, i.URL()) })
	b.Run("bare", func(b *testing.B) { benchmarkGet(b, serveBare(b, body)) })
}

func serveBare(b *testing.B, body []byte) (url string) {
	b.Helper()
	return serveProducts(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}

// serveProducts answers GET /products/{id} by h until the benchmark ends.
func serveProducts(b *testing.B, h http.HandlerFunc) (url string) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", h)
	server := &http.Server{Handler: mux}
	ended := make(chan struct{})
	go func() {
		_ = server.Serve(l) // Ends when it is closed.
		close(ended)
	}()
	b.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return "http://" + l.Addr().String()
}

func benchmarkGet(b *testing.B, url string) {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			read(b, transport, url+"/products/1")
		}
	})
}

func read(b *testing.B, transport http.RoundTripper, url string) []byte {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Error(err)
		return nil
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		b.Error(err)
		return nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Errorf("%d %s, %v", response.StatusCode, body, err)
	}
	return body
}

// nowhere is a response that nobody reads.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// BenchmarkHandler is what the service adds to net/http for one product out of
// the cache: all between the parsed request and the written response.
func BenchmarkHandler(b *testing.B) {
	spec := product.Spec()
	cfg := servicetest.Config(b, spec, map[string]string{"LOG_LEVEL": "warn"})
	i, err := spec.Build(b.Context(), cfg, service.Parts{LogWriter: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := i.Close(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	})
	if _, err := i.Infra.DB.Exec(b.Context(), `INSERT INTO products VALUES (1, 'Laptop', 'laptop', NULL, 100, 10, 0, 0, 1)`); err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/products/1", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		i.Service.Handler.ServeHTTP(nowhere{http.Header{}}, r)
	}
}
