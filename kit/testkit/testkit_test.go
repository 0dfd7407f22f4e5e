package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// spy is a test that may fail without failing this one.
type spy struct {
	testing.TB
	failed string
}

// failed is how spy ends a test that calls Fatal.
type failed struct{}

func (s *spy) Helper()                   {}
func (s *spy) Errorf(f string, a ...any) { s.failed += fmt.Sprintf(f, a...) }
func (s *spy) Fatalf(f string, a ...any) { s.Fatal(fmt.Sprintf(f, a...)) }
func (s *spy) Fatal(a ...any) {
	s.failed += fmt.Sprintln(a...)
	panic(failed{})
}

// failure runs f and returns what it failed with.
func failure(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	s := &spy{TB: t}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(failed{}) {
				panic(p)
			}
		}()
		f(s)
	}()
	return s.failed
}

func TestEventually(t *testing.T) {
	var n atomic.Int32
	third := func() bool { return n.Add(1) == 3 }
	if got := failure(t, func(t testing.TB) { testkit.Eventually(t, time.Minute, third, "third") }); got != "" {
		t.Error(got)
	}
	broken := func() error { return errors.New("still broken") }
	got := failure(t, func(t testing.TB) { testkit.Eventually(t, 20*time.Millisecond, broken, "repaired") })
	for _, want := range []string{"20ms", "repaired", "still broken"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestFreePort(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(testkit.FreePort(t))))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestClock(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := testkit.NewClock(start)
	c.Advance(time.Hour)
	if got, want := c.Now(), start.Add(time.Hour); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c.Set(start)
	if got := c.Now(); !got.Equal(start) {
		t.Errorf("got %v, want %v", got, start)
	}
	if testkit.NewClock(time.Time{}).Now().Nanosecond()%int(time.Millisecond) == 0 {
		t.Error("the default time has no microseconds")
	}
}

func TestGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "golden.txt")
	compare := func(got string) string {
		return failure(t, func(t testing.TB) { testkit.Golden(t, path, []byte(got)) })
	}
	if got := compare("a\nb\n"); !strings.Contains(got, "-update") {
		t.Errorf("a missing file: %q", got)
	}
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := compare("a\nb\n"); got != "" {
		t.Errorf("the same: %q", got)
	}
	for _, other := range []string{"a\nc\n", "a\nb\nc\n", "a\n", ""} {
		if got := compare(other); !strings.Contains(got, "stale") || !strings.Contains(got, "want: ") {
			t.Errorf("other content %q: %q", other, got)
		}
	}
}

func TestTelemetryCapturesWhatIsReported(t *testing.T) {
	tel := testkit.Telemetry(t)
	ctx, span := tel.Tracer.Start(t.Context(), "outer")
	_, inner := tel.Tracer.Start(ctx, "inner")
	inner.End()
	span.End()
	tel.Log.InfoContext(ctx, "it happened", "n", 1)
	tel.Log.Debug("something else")
	requests := telemetry.Register(tel.Telemetry, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "r"}, []string{"a", "b"}))
	requests.WithLabelValues("1", "x").Add(2)
	requests.WithLabelValues("1", "y").Add(3)
	requests.WithLabelValues("2", "y").Add(5)
	seconds := telemetry.Register(tel.Telemetry, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "s"}))
	seconds.Observe(1.5)
	seconds.Observe(2)

	if got := tel.Spans("inner"); len(got) != 1 || got[0].Parent().SpanID() != span.SpanContext().SpanID() {
		t.Errorf("spans %v", got)
	}
	if got := len(tel.Spans("")); got != 2 {
		t.Errorf("%d spans in all", got)
	}
	if got := tel.Logs("happened"); len(got) != 1 || got[0].Text("trace_id") != telemetry.TraceID(ctx) || got[0]["n"] != 1.0 {
		t.Errorf("logs %v", got)
	}
	if got := len(tel.Logs("")); got != 2 {
		t.Errorf("%d logs in all", got)
	}
	for _, tt := range []struct {
		labels []string
		want   float64
	}{{nil, 10}, {[]string{"a", "1"}, 5}, {[]string{"a", "1", "b", "y"}, 3}, {[]string{"a", "9"}, 0}, {[]string{"c", "1"}, 0}} {
		if got := tel.Value("r", tt.labels...); got != tt.want {
			t.Errorf("Value(r, %v) = %v, want %v", tt.labels, got, tt.want)
		}
	}
	if count, sum := tel.Observations("s"); count != 2 || sum != 3.5 {
		t.Errorf("observed %d values of sum %v", count, sum)
	}
	if got := tel.Series("r"); got != 3 {
		t.Errorf("%d series", got)
	}
}

// until is a context that ends with the test or after d.
func until(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
