package promapi_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"shop/kit/testkit"
	"shop/kit/testkit/promapi"
)

// patience is how long a scrape and a rule may take.
const patience = time.Minute

const rules = `
groups:
- name: test
  interval: 100ms
  rules:
  - alert: TooMany
    expr: things > 2
    labels: {family: things}
    annotations: {summary: "{{ $value }} things"}
  - alert: Patient
    expr: things > 2
    for: 1h
`

// TestQuestionsToTheRealPrometheus lets Prometheus scrape a gauge and asks what
// became of it.
func TestQuestionsToTheRealPrometheus(t *testing.T) {
	registry := prometheus.NewRegistry()
	things := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "things"}, []string{"colour"})
	observed := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "took_seconds", Buckets: []float64{0.5}})
	registry.MustRegister(things, observed)
	things.WithLabelValues("red").Set(1)
	things.WithLabelValues("blue").Set(2)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}), ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}

	client := testkit.Prometheus(t, fmt.Sprintf(`
global: {scrape_interval: 100ms, evaluation_interval: 100ms}
rule_files: [%s]
scrape_configs:
- job_name: test
  static_configs: [{targets: ["%s"]}]
`, file, listener.Addr()))
	ctx := t.Context()
	testkit.Eventually(t, patience, func() error {
		sum, ok, err := client.Value(ctx, "things")
		if err == nil && (!ok || sum != 3) {
			err = fmt.Errorf("%v, %t", sum, ok)
		}
		return err
	}, "the gauge in Prometheus")
	if samples, err := client.Vector(ctx, "2 * 3"); err != nil || len(samples) != 1 || samples[0].Value != 6 {
		t.Errorf("a scalar: %v, %v", samples, err)
	}
	if _, ok, err := client.Value(ctx, "nothing"); err != nil || ok {
		t.Errorf("an empty answer: %t, %v", ok, err)
	}
	for _, wrong := range []string{"things[5m]", "things{", `"text"`} {
		if _, err := client.Vector(ctx, wrong); err == nil {
			t.Errorf("%s has an answer", wrong)
		}
	}
	if firing, err := client.Firing(ctx); err != nil || len(firing) != 0 {
		t.Errorf("%v fire, %v", firing, err)
	}

	targets, err := client.Targets(ctx)
	if err != nil || len(targets) != 1 || targets[0].Health != "up" || targets[0].Labels["job"] != "test" {
		t.Errorf("targets %v, %v", targets, err)
	}

	things.WithLabelValues("blue").Set(3)
	testkit.Eventually(t, patience, func() error {
		firing, err := client.Firing(ctx)
		if err == nil && (len(firing) != 1 || firing[0].Name() != "TooMany") {
			err = fmt.Errorf("%v fire", firing)
		}
		if err == nil && (firing[0].Labels["family"] != "things" || firing[0].Annotations["summary"] != "3 things") {
			t.Errorf("alert %+v", firing[0])
		}
		return err
	}, "the one alert, without the pending one")
	if alerts, err := client.Alerts(ctx); err != nil || len(alerts) != 2 {
		t.Errorf("alerts %v, %v; want the pending one too", alerts, err)
	}
	all, err := client.Rules(ctx)
	if err != nil || len(all) != 2 || all[0].Name != "TooMany" || all[0].Group != "test" || all[0].Kind != "alerting" || all[0].Health != "ok" {
		t.Errorf("rules %+v, %v", all, err)
	}
	exemplars(t, client, observed)
}

// exemplars waits for the exemplar of a histogram.
func exemplars(t *testing.T, client *promapi.Client, observed prometheus.Histogram) {
	t.Helper()
	const id = "0af7651916cd43dd8448eb211c80319c"
	began := time.Now()
	observed.(prometheus.ExemplarObserver).ObserveWithExemplar(0.25, prometheus.Labels{"trace_id": id})
	testkit.Eventually(t, patience, func() error {
		found, err := client.Exemplars(t.Context(), "took_seconds_bucket", began.Add(-time.Minute))
		if err == nil && (len(found) != 1 || found[0].Labels["trace_id"] != id || found[0].Value != 0.25 || found[0].Series["job"] != "test") {
			err = fmt.Errorf("exemplars %+v", found)
		}
		return err
	}, "the exemplar")
}

func TestNobodyIsThere(t *testing.T) {
	if _, err := promapi.New("http://127.0.0.1:1/").Firing(t.Context()); err == nil {
		t.Error("nobody answered")
	}
}
