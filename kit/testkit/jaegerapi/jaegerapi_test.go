package jaegerapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/kit/testkit/jaegerapi"
)

// patience is how long a span may take to be found.
const patience = time.Minute

// TestTracesOfTheRealJaeger sends spans as a service does and reads them back.
func TestTracesOfTheRealJaeger(t *testing.T) {
	server, client := testkit.Jaeger(t)
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.OTLP())
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	tel, err := telemetry.New(t.Context(), telemetry.Config{Service: "shop-test", Version: "0", LogWriter: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	other, root := tel.Tracer.Start(t.Context(), "another trace")
	root.End()
	ctx, parent := tel.Tracer.Start(t.Context(), "POST /orders", trace.WithSpanKind(trace.SpanKindServer))
	_, child := tel.Tracer.Start(ctx, "INSERT orders", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithLinks(trace.LinkFromContext(other)),
		trace.WithAttributes(attribute.Int("rows", 3), attribute.Bool("hit", true), attribute.Float64("share", 0.5), attribute.String("db.system.name", "postgresql")))
	child.AddEvent("retry", trace.WithAttributes(attribute.String("why", "lost")))
	child.SetStatus(codes.Error, "gave up")
	child.End()
	parent.End()
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	id := parent.SpanContext().TraceID().String()
	var found jaegerapi.Trace
	testkit.Eventually(t, patience, func() (err error) {
		found, err = client.Trace(t.Context(), id)
		if err == nil && len(found.Spans) != 2 {
			err = fmt.Errorf("%d spans", len(found.Spans))
		}
		return err
	}, "the trace in Jaeger")
	if found.ID != id || len(found.Roots()) != 1 || len(found.Orphans()) != 0 || !slices.Equal(found.Services(), []string{"shop-test"}) {
		t.Errorf("trace %+v", found)
	}
	first := found.Roots()[0]
	if first.Name != "POST /orders" || first.Kind != "SERVER" || first.Failed {
		t.Errorf("root %+v", first)
	}
	got := found.Children(first.ID)[0]
	if got.Kind != "CLIENT" || !got.Failed || got.Message != "gave up" || got.Start.Before(first.Start) || got.End.Before(got.Start) {
		t.Errorf("child %+v", got)
	}
	for key, want := range map[string]string{"rows": "3", "hit": "true", "share": "0.5", "db.system.name": "postgresql"} {
		if got.Attributes[key] != want {
			t.Errorf("attribute %s is %q, want %q", key, got.Attributes[key], want)
		}
	}
	if len(got.Events) != 1 || got.Events[0].Name != "retry" || got.Events[0].Attributes["why"] != "lost" || got.Events[0].At.Before(got.Start) {
		t.Errorf("events %+v", got.Events)
	}
	if len(got.Links) != 1 || got.Links[0].TraceID != root.SpanContext().TraceID().String() {
		t.Errorf("links %+v", got.Links)
	}
	searches(t, client, id)
}

// searches looks for the trace by what a search can ask for.
func searches(t *testing.T, client *jaegerapi.Client, id string) {
	t.Helper()
	services, err := client.Services(t.Context())
	if err != nil || !slices.Contains(services, "shop-test") {
		t.Errorf("services %v, %v", services, err)
	}
	for name, c := range map[string]struct {
		query jaegerapi.Query
		want  int
	}{
		"by service":              {jaegerapi.Query{Service: "shop-test"}, 2},
		"by operation":            {jaegerapi.Query{Service: "shop-test", Operation: "INSERT orders"}, 1},
		"by attribute":            {jaegerapi.Query{Service: "shop-test", Attributes: map[string]string{"rows": "3"}}, 1},
		"by another value":        {jaegerapi.Query{Service: "shop-test", Attributes: map[string]string{"rows": "4"}}, 0},
		"of another service":      {jaegerapi.Query{Service: "nobody"}, 0},
		"of those that took long": {jaegerapi.Query{Service: "shop-test", MinDuration: time.Hour}, 0},
		"of another time":         {jaegerapi.Query{Service: "shop-test", To: time.Now().Add(-time.Hour)}, 0},
	} {
		found, err := client.Find(t.Context(), c.query)
		if err != nil || len(found) != c.want {
			t.Errorf("%s: %d traces, %v; want %d", name, len(found), err, c.want)
		}
		if c.want == 1 && len(found) == 1 && found[0].ID != id {
			t.Errorf("%s: trace %s, want %s", name, found[0].ID, id)
		}
	}
}

func TestATraceThatIsNotThere(t *testing.T) {
	_, client := testkit.Jaeger(t)
	if _, err := client.Trace(t.Context(), "0af7651916cd43dd8448eb211c80319c"); !errors.Is(err, jaegerapi.ErrNoTrace) {
		t.Errorf("error %v, want ErrNoTrace", err)
	}
}

func TestNobodyIsThere(t *testing.T) {
	client := jaegerapi.New("http://127.0.0.1:1/")
	if _, err := client.Services(context.Background()); err == nil {
		t.Error("nobody answered")
	}
}
