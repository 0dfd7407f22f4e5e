package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"shop/kit/testkit"
)

// Half a body must not look like a whole one: the connection is cut.
func TestAPanicWithinABodyCutsTheConnection(t *testing.T) {
	for name, value := range map[string]any{"a panic": "bang", "an abort": http.ErrAbortHandler} {
		t.Run(name, func(t *testing.T) {
			tel := testkit.Telemetry(t)
			h := NewHandler(Config{Service: "Thing Service", Tel: tel.Telemetry})
			server := httptest.NewServer(h.mount(http.MethodGet, "/x", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "half")
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				panic(value)
			})))
			defer server.Close()
			response, err := server.Client().Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); err == nil {
				t.Errorf("read %q to its end, want an error", body)
			}
			if n, _ := tel.Observations("http_server_request_duration_seconds", "http_route", "/x"); n != 1 {
				t.Errorf("counted %d times, want once", n)
			}
			if logs := tel.Logs("panicked"); (len(logs) == 1) != (value == "bang") {
				t.Errorf("log %v", logs)
			}
		})
	}
}

// What counts is the status of the response, not a hint before it or what a
// handler sends too late.
func TestTheStatusOfTheResponseCounts(t *testing.T) {
	tel := testkit.Telemetry(t)
	h := NewHandler(Config{Service: "Thing Service", Tel: tel.Telemetry})
	server := httptest.NewServer(h.mount(http.MethodGet, "/x", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "7 bytes")
	})))
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	testkit.Eventually(t, time.Minute, func() bool {
		lines := tel.Logs("request")
		return len(lines) == 1 && lines[0]["status"] == 200.0 && lines[0]["bytes"] == 7.0
	}, "a line with status 200 and 7 bytes")
}
