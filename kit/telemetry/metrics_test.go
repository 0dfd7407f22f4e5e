package telemetry_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"
)

// testBuffer is a log that several goroutines may write.
type testBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *testBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *testBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *testBuffer) count(text string) int { return strings.Count(l.String(), text) }

func get(t *testing.T, server *httptest.Server, path, accept string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestAdminPort(t *testing.T) {
	tel, err := telemetry.New(t.Context(), telemetry.Config{
		Service: "order", Version: "1.2.3", Revision: "abc", LogWriter: new(testBuffer),
	})
	if err != nil {
		t.Fatal(err)
	}
	latency := telemetry.Register(tel, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x_seconds", Buckets: telemetry.Buckets()}))
	telemetry.Observe(traced(t), latency, 0.003)
	server := httptest.NewServer(tel.Admin())
	defer server.Close()

	tests := map[string]struct {
		path, accept string
		want         []string
	}{
		"metrics": {"/metrics", "", []string{
			`shop_build_info{go_version="go`, `revision="abc",version="1.2.3"} 1`, "go_goroutines ", "process_start_time_seconds ",
			`x_seconds_bucket{le="0.005"} 1`,
		}},
		"exemplars in OpenMetrics": {"/metrics", "application/openmetrics-text; version=1.0.0", []string{
			`x_seconds_bucket{le="0.005"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.003`, "# EOF",
		}},
		"profiles":     {"/debug/pprof/", "", []string{"goroutine"}},
		"one profile":  {"/debug/pprof/goroutine?debug=1", "", []string{"goroutine profile"}},
		"command line": {"/debug/pprof/cmdline", "", []string{"telemetry"}},
		"alive":        {"/livez", "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := get(t, server, tt.path, tt.accept)
			if status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			for _, want := range tt.want {
				if !strings.Contains(body, want) {
					t.Errorf("no %q in\n%s", want, body)
				}
			}
		})
	}
	if status, _ := get(t, server, "/", ""); status != http.StatusNotFound {
		t.Errorf("/ answers %d", status)
	}
}

func TestTwoUsersOfOneMetricShareIt(t *testing.T) {
	tel := telemetry.Nop()
	counter := func() *prometheus.CounterVec {
		return telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c"}, []string{"l"}))
	}
	a, b := counter(), counter()
	if a != b {
		t.Error("two collectors of one name")
	}
	defer func() {
		if recover() == nil {
			t.Error("a metric of the same name with other labels was accepted")
		}
	}()
	telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c"}, []string{"other"}))
}

func TestNopIsWhole(t *testing.T) {
	tel := telemetry.Nop()
	ctx, span := tel.Tracer.Start(t.Context(), "x")
	if len(telemetry.TraceID(ctx)) != 32 || span.IsRecording() {
		t.Errorf("trace id %q, recording %t", telemetry.TraceID(ctx), span.IsRecording())
	}
	if id := telemetry.TraceID(t.Context()); id != "" {
		t.Errorf("trace id %q outside of a trace", id)
	}
	tel.Log.Info("nobody reads this")
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
