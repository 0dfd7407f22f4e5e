package jaeger_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/kit/testkit/jaegerapi"
	"shop/observability/jaeger"
)

// patience is how long Jaeger may take to decide and to store.
const patience = time.Minute

// start starts the real Jaeger as the shop has it, with a shorter wait.
func start(t *testing.T, dir string, s jaeger.Storage, environ ...string) *engine.Jaeger {
	t.Helper()
	config, err := jaeger.Write(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	j, err := engine.StartJaeger(t.Context(), engine.JaegerOptions{
		Options: engine.Options{Dir: dir}, Config: config, Environ: append(environ, "JAEGER_DECISION_WAIT=2s"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Kill() })
	return j
}

// sender sends spans to j, as a service does.
func sender(t *testing.T, j *engine.Jaeger) *telemetry.Telemetry {
	t.Helper()
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", j.OTLP())
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100") // ms
	tel, err := telemetry.New(t.Context(), telemetry.Config{Service: "order", Version: "0", LogWriter: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tel.Shutdown(t.Context()) })
	return tel
}

// send sends a trace of one span and returns its id.
func send(t *testing.T, tel *telemetry.Telemetry, took time.Duration, failed bool, attributes ...attribute.KeyValue) string {
	t.Helper()
	began := time.Now()
	_, span := tel.Tracer.Start(t.Context(), "GET /products", trace.WithTimestamp(began), trace.WithAttributes(attributes...))
	if failed {
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(began.Add(took)))
	return span.SpanContext().TraceID().String()
}

func kept(t *testing.T, client *jaegerapi.Client, id string, spans int) {
	t.Helper()
	testkit.Eventually(t, patience, func() error {
		found, err := client.Trace(t.Context(), id)
		if err == nil && len(found.Spans) != spans {
			err = fmt.Errorf("%d spans, want %d", len(found.Spans), spans)
		}
		return err
	}, "the trace is kept")
}

func TestWhatIsWorthKeepingIsKept(t *testing.T) {
	j := start(t, t.TempDir(), jaeger.Memory)
	tel, client := sender(t, j), jaegerapi.New(j.URL())
	status := func(code int) attribute.KeyValue { return attribute.Int("http.response.status_code", code) }
	route, method := attribute.String("http.route", "/orders/{id}"), attribute.String("http.request.method", "PUT")
	ids := map[string]string{
		"an error":             send(t, tel, time.Millisecond, true),
		"a slow one":           send(t, tel, 501*time.Millisecond, false),
		"a missing token":      send(t, tel, time.Millisecond, false, status(http.StatusUnauthorized)),
		"a forbidden one":      send(t, tel, time.Millisecond, false, status(http.StatusForbidden)),
		"too many":             send(t, tel, time.Millisecond, false, status(http.StatusTooManyRequests)),
		"Envoy's too many":     send(t, tel, time.Millisecond, false, attribute.String("http.status_code", "429")),
		"a token not accepted": send(t, tel, time.Millisecond, false, attribute.String("auth.outcome", "invalid")),
		"a change of an order": send(t, tel, time.Millisecond, false, route, method),
		"an event":             send(t, tel, time.Millisecond, false, attribute.String("messaging.system", "rabbitmq")),
	}
	const many = 300
	var rest []string
	for range many {
		rest = append(rest, send(t, tel, time.Millisecond, false, status(http.StatusOK), attribute.String("auth.outcome", "valid")))
	}
	for name, id := range ids {
		t.Run(name, func(t *testing.T) { kept(t, client, id, 1) })
	}
	// All came before the last decision, so what is not there now was not kept.
	last := send(t, tel, time.Millisecond, true)
	kept(t, client, last, 1)
	count := there(t, client, rest)
	if count < many/30 || count > many/4 {
		t.Errorf("%d of %d others are kept, want one in ten", count, many)
	}
	countsAll(t, j, len(ids)+many+1)
}

// there returns how many of the traces are kept.
func there(t *testing.T, client *jaegerapi.Client, ids []string) (count int) {
	t.Helper()
	for _, id := range ids {
		switch _, err := client.Trace(t.Context(), id); {
		case err == nil:
			count++
		case !errors.Is(err, jaegerapi.ErrNoTrace):
			t.Fatal(err)
		}
	}
	return count
}

// TestOrdersBeyondTheRateAreOneInTen, so that a Jaeger of little memory keeps up with
// what it has to store.
func TestOrdersBeyondTheRateAreOneInTen(t *testing.T) {
	const many = 400
	j := start(t, t.TempDir(), jaeger.Memory, "JAEGER_ORDER_SPANS=10")
	tel, client := sender(t, j), jaegerapi.New(j.URL())
	var orders []string
	for range many {
		orders = append(orders, send(t, tel, time.Millisecond, false, attribute.String("messaging.system", "rabbitmq")))
	}
	last := send(t, tel, time.Millisecond, true)
	kept(t, client, last, 1)
	if n := there(t, client, orders); n < many/30 || n > many/2 {
		t.Errorf("%d of %d orders of a moment are kept, want ten a second and one in ten of the others", n, many)
	}
}

// countsAll waits until the figures of spans count all that were sent.
func countsAll(t *testing.T, j *engine.Jaeger, sent int) {
	t.Helper()
	calls := regexp.MustCompile(`(?m)^traces_span_metrics_calls_total\{[^}]*service_name="order"[^}]*\} (\S+)`)
	testkit.Eventually(t, patience, func() error {
		answer, err := http.Get("http://" + j.SpanMetricsAddr() + "/metrics")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		sum := 0.0
		for _, line := range calls.FindAllStringSubmatch(string(text), -1) {
			n, err := strconv.ParseFloat(line[1], 64)
			if err != nil {
				return err
			}
			sum += n
		}
		if int(sum) != sent {
			return fmt.Errorf("%v spans are counted, want %d", sum, sent)
		}
		return nil
	}, "the figures of all spans")
}

// TestWhatComesLateFollowsTheDecision: an event that waited in the outbox is in the
// trace of its order, long after that was decided about.
func TestWhatComesLateFollowsTheDecision(t *testing.T) {
	j := start(t, t.TempDir(), jaeger.Memory)
	tel, client := sender(t, j), jaegerapi.New(j.URL())
	ctx, order := tel.Tracer.Start(t.Context(), "create order.created", trace.WithAttributes(attribute.String("messaging.system", "rabbitmq")))
	order.End()
	id := order.SpanContext().TraceID().String()
	kept(t, client, id, 1)
	_, late := tel.Tracer.Start(ctx, "GET /late")
	late.End()
	kept(t, client, id, 2)
}

func TestBadgerKeepsTracesOverARestart(t *testing.T) {
	j := start(t, t.TempDir(), jaeger.Badger)
	client := jaegerapi.New(j.URL())
	id := send(t, sender(t, j), time.Millisecond, true)
	kept(t, client, id, 1)
	if err := j.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept(t, client, id, 1)
}

func TestUnknownStorage(t *testing.T) {
	if _, err := jaeger.Write(t.TempDir(), "paper.yaml"); err == nil {
		t.Error("traces on paper")
	}
}
