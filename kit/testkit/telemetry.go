package testkit

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"shop/kit/telemetry"
)

// Captured is a service's real telemetry whose output a test can read.
type Captured struct {
	*telemetry.Telemetry

	t     testing.TB
	out   *Buffer
	spans *tracetest.SpanRecorder
}

// Telemetry returns telemetry that samples every trace and keeps its logs (all
// levels) and spans. A failed test prints its logs.
func Telemetry(t testing.TB) *Captured {
	t.Helper()
	out, spans := &Buffer{}, tracetest.NewSpanRecorder()
	tel, err := telemetry.New(t.Context(), telemetry.Config{
		Service: "test", Version: "0", Level: "debug", LogWriter: out,
		Processors: []sdktrace.SpanProcessor{spans},
	})
	if err != nil {
		t.Fatal("telemetry:", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("log of the test:\n" + out.String())
		}
	})
	return &Captured{Telemetry: tel, t: t, out: out, spans: spans}
}

// Record is one log line.
type Record map[string]any

// Text returns the field key as text, "" if there is none.
func (r Record) Text(key string) string { s, _ := r[key].(string); return s }

// LogText returns the whole log as it was written, for tests on what must not
// be in it.
func (c *Captured) LogText() string { return c.out.String() }

// Logs returns the records whose msg contains msg ("" = all), oldest first.
func (c *Captured) Logs(msg string) []Record {
	c.t.Helper()
	var records []Record
	for line := range strings.Lines(c.out.String()) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			c.t.Fatalf("log line is no JSON object: %v\n%s", err, line)
		}
		if strings.Contains(r.Text("msg"), msg) {
			records = append(records, r)
		}
	}
	return records
}

// Spans returns the ended spans of that name ("" = all) in the order they ended.
func (c *Captured) Spans(name string) []sdktrace.ReadOnlySpan {
	var spans []sdktrace.ReadOnlySpan
	for _, s := range c.spans.Ended() {
		if name == "" || s.Name() == name {
			spans = append(spans, s)
		}
	}
	return spans
}

// Value returns the sum of the counters or gauges called name whose labels
// include those given as key, value, key, value…; 0 if there is none.
func (c *Captured) Value(name string, labels ...string) float64 {
	c.t.Helper()
	sum := 0.0
	for _, m := range c.metrics(name, labels) {
		sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
	}
	return sum
}

// Observations returns how many values the histograms called name have seen, and
// their sum, for labels as in Value.
func (c *Captured) Observations(name string, labels ...string) (count uint64, sum float64) {
	c.t.Helper()
	for _, m := range c.metrics(name, labels) {
		count += m.GetHistogram().GetSampleCount()
		sum += m.GetHistogram().GetSampleSum()
	}
	return count, sum
}

// Series returns how many series are called name, for tests on cardinality.
func (c *Captured) Series(name string) int {
	c.t.Helper()
	return len(c.metrics(name, nil))
}

func (c *Captured) metrics(name string, labels []string) []*dto.Metric {
	c.t.Helper()
	if len(labels)%2 != 0 {
		c.t.Fatalf("labels of %s: a key without a value in %q", name, labels)
	}
	families, err := prometheus.Gatherer(c.Registry).Gather()
	if err != nil {
		c.t.Fatal("gather metrics:", err)
	}
	var found []*dto.Metric
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if hasLabels(m, labels) {
				found = append(found, m)
			}
		}
	}
	return found
}

func hasLabels(m *dto.Metric, labels []string) bool {
	have := map[string]string{}
	for _, l := range m.GetLabel() {
		have[l.GetName()] = l.GetValue()
	}
	for i := 0; i < len(labels); i += 2 {
		if v, ok := have[labels[i]]; !ok || v != labels[i+1] {
			return false
		}
	}
	return true
}
