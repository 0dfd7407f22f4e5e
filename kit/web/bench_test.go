package web_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"shop/kit/endpoint"
	"shop/kit/telemetry"
	"shop/kit/web"
)

type thing struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Quantity    int64  `json:"quantity"`
	CreatedAt   string `json:"created_at"`
	UpdatedAt   string `json:"updated_at"`
}

func aThing(id int64) thing {
	return thing{id, "Bút bi Thiên Long", "Mực xanh, nét 0.5 mm", 120, "2026-01-02T03:04:05.000006Z", "2026-01-02T03:04:05.000006Z"}
}

const aThingJSON = `{"id":7,"name":"Bút bi Thiên Long","description":"Mực xanh, nét 0.5 mm","quantity":120,"created_at":"2026-01-02T03:04:05.000006Z","updated_at":"2026-01-02T03:04:05.000006Z"}`

// bare is what a few lines of net/http do for the same bytes.
func bare() http.Handler {
	mux := http.NewServeMux()
	body := []byte(aThingJSON)
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	return mux
}

func benchHandler(log *slog.Logger) http.Handler {
	tel := telemetry.Nop()
	tel.Log = log
	stack := endpoint.NewStack(tel, 0, nil)
	get := endpoint.New(func(_ context.Context, id int64) (thing, error) { return aThing(id), nil }, stack.Of("thing.get")...)
	return web.NewHandler(web.Config{Service: "Thing Service", Version: "1", Tel: tel}, []web.Route{
		web.Handle("GET /things/{id}", http.StatusOK, get,
			func(r *http.Request) (int64, error) {
				f := web.Path(r)
				id := web.Required(f, "id", web.Int, web.Is)
				return id, f.Err()
			},
			func(v thing) web.Reply { return web.Reply{Body: v, ETag: `"1"`} }),
	})
}

// discard is a response of no cost.
type discard struct {
	h      http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

func benchServe(b *testing.B, h http.Handler) {
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/things/7", http.NoBody)
	r.Header.Set("Accept", "*/*")
	w := &discard{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkBare(b *testing.B)   { benchServe(b, bare()) }
func BenchmarkHandle(b *testing.B) { benchServe(b, benchHandler(slog.New(slog.DiscardHandler))) }
func BenchmarkHandleWithLog(b *testing.B) {
	benchServe(b, benchHandler(telemetry.NewLogger(io.Discard, slog.LevelInfo, "thing")))
}

func benchSocket(b *testing.B, h http.Handler) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := web.Server(h, web.ServerOptions{})
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := c.Get("http://" + l.Addr().String() + "/things/7")
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}

func BenchmarkSocketBare(b *testing.B) { benchSocket(b, bare()) }
func BenchmarkSocketHandle(b *testing.B) {
	benchSocket(b, benchHandler(slog.New(slog.DiscardHandler)))
}
