package sqldb

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/telemetry"
)

// observer times and traces statements.
type observer struct {
	db       *DB
	tel      *telemetry.Telemetry
	duration *prometheus.HistogramVec
}

func newObserver(tel *telemetry.Telemetry, db *DB) *observer {
	return &observer{db: db, tel: tel, duration: telemetry.Register(tel, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "db_client_operation_duration_seconds",
		Help:    "Time a database statement took, waiting for a connection included.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .05, .1, .5, 1, 5, 10},
	}, []string{"db_operation_name", "db_collection_name", "error_type"}))}
}

// attributes are those of a statement's span; text is "" where it is several.
func (o *observer) attributes(s shape, text string) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		semconv.DBSystemNameKey.String(o.db.dialect.String()),
		semconv.DBOperationName(s.operation),
	}
	if text != "" {
		attributes = append(attributes, semconv.DBQueryText(text))
	}
	if s.collection != "" {
		attributes = append(attributes, semconv.DBCollectionName(s.collection))
	}
	if o.db.namespace != "" {
		attributes = append(attributes, semconv.DBNamespace(o.db.namespace))
	}
	return attributes
}

// do runs f as the statement s and classifies its error. A span is made only
// inside a recorded trace: background polling fills no trace of its own.
func (o *observer) do(ctx context.Context, s *statement, f func(context.Context) error) error {
	start := time.Now()
	if parent := trace.SpanFromContext(ctx); parent.IsRecording() {
		return o.traced(ctx, s, start, f)
	}
	err := classify(ctx, f(ctx))
	o.observe(ctx, s, time.Since(start), err)
	return err
}

func (o *observer) traced(ctx context.Context, s *statement, start time.Time, f func(context.Context) error) error {
	name := s.operation
	if s.collection != "" {
		name += " " + s.collection
	}
	ctx, span := o.tel.Tracer.Start(ctx, name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(s.attributes...))
	defer span.End()
	err := classify(ctx, f(ctx))
	o.observe(ctx, s, time.Since(start), err)
	if kind := errorType(err); kind != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		span.SetStatus(codes.Error, kind)
	}
	return err
}

func (o *observer) observe(ctx context.Context, s *statement, took time.Duration, err error) {
	observer := s.succeeded
	if kind := errorType(err); kind != "" {
		observer = o.duration.WithLabelValues(s.operation, s.collection, kind)
	}
	telemetry.Observe(ctx, observer, took.Seconds())
}
