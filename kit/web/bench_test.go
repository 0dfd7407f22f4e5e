package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
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
	address := listening(b, h, web.ServerOptions{})
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := c.Get("http://" + address + "/things/7")
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

func BenchmarkCallBare(b *testing.B) {
	address := listening(b, bare(), web.ServerOptions{})
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://"+address+"/things/7", http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		resp, err := c.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		var v thing
		if err := errors.Join(json.NewDecoder(resp.Body).Decode(&v), resp.Body.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	c, err := web.NewClient("http://"+listening(b, bare(), web.ServerOptions{}), telemetry.Nop(), web.ClientOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	call := web.Call[int64, thing](c, http.MethodGet, "/things/{id}", func(int64) string { return "/things/7" }, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := call(b.Context(), 7); err != nil {
			b.Fatal(err)
		}
	}
}
