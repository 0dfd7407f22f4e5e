package redis

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/errs"
	"shop/kit/telemetry"
)

// tracing makes each command that is sent inside of a recorded trace a span. It
// shows the command and the kind of its key, never a value.
type tracing struct {
	tel        *telemetry.Telemetry
	attributes []attribute.KeyValue // Of every command.
}

var _ redis.Hook = (*tracing)(nil)

func newTracing(tel *telemetry.Telemetry, cfg Config) *tracing {
	t := &tracing{tel, []attribute.KeyValue{semconv.DBSystemNameRedis, semconv.DBNamespace(strconv.Itoa(cfg.DB))}}
	if len(cfg.Addrs) > 1 || cfg.MasterName != "" { // It is one of several, and not known here.
		return t
	}
	if host, port, err := net.SplitHostPort(cfg.Addrs[0]); err == nil {
		t.attributes = append(t.attributes, semconv.ServerAddress(host))
		if n, err := strconv.Atoi(port); err == nil {
			t.attributes = append(t.attributes, semconv.ServerPort(n))
		}
	}
	return t
}

// DialHook implements redis.Hook: connections are counted, not traced.
func (t *tracing) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook implements redis.Hook: no operation here is a pipeline.
func (t *tracing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook implements redis.Hook.
func (t *tracing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error {
		if !trace.SpanFromContext(ctx).IsRecording() {
			return next(ctx, command)
		}
		operation := strings.ToUpper(command.Name())
		ctx, span := t.tel.Tracer.Start(ctx, operation, trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(t.attributes...),
			trace.WithAttributes(semconv.DBOperationName(operation), semconv.DBQueryText(summary(operation, command.Args()))))
		defer span.End()
		err := next(ctx, command)
		if kind := errorType(ctx, err); kind != "" {
			span.SetAttributes(semconv.ErrorTypeKey.String(kind))
			span.SetStatus(codes.Error, kind)
		}
		return err
	}
}

// summary returns the command with the kind of its key, "GET product:?".
func summary(operation string, args []any) string {
	at := 1
	if strings.HasPrefix(operation, "EVAL") {
		at = 3 // After the script and the number of keys.
	}
	if at >= len(args) {
		return operation
	}
	key, _ := args[at].(string)
	return operation + " " + key[:strings.LastIndexByte(key, ':')+1] + "?"
}

// errorType names how a command failed; "" if it did not. That there is no such
// key or script is an answer.
func errorType(ctx context.Context, err error) string {
	switch {
	case err == nil, errors.Is(err, redis.Nil), redis.HasErrorPrefix(err, "NOSCRIPT"):
		return ""
	case errors.Is(ctx.Err(), context.Canceled):
		return "canceled"
	case ctx.Err() != nil:
		return "timeout"
	}
	if answer := redis.Error(nil); errors.As(err, &answer) { // The first word of Redis' errors is their code.
		code, _, _ := strings.Cut(answer.Error(), " ")
		return code
	}
	return errs.Unavailable.String()
}
