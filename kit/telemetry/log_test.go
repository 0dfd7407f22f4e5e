package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"shop/kit/telemetry"
)

func traced(t *testing.T) context.Context {
	t.Helper()
	traceID, err := trace.TraceIDFromHex("0af7651916cd43dd8448eb211c80319c")
	if err != nil {
		t.Fatal(err)
	}
	spanID, err := trace.SpanIDFromHex("b7ad6b7169203331")
	if err != nil {
		t.Fatal(err)
	}
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled, Remote: true})
	return telemetry.WithRequestID(trace.ContextWithSpanContext(t.Context(), sc), "req-1")
}

func line(t *testing.T, log func(*slog.Logger)) map[string]any {
	t.Helper()
	var b bytes.Buffer
	log(telemetry.NewLogger(&b, slog.LevelDebug, "order"))
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("log line %q: %v", b.String(), err)
	}
	return got
}

func TestEveryLineSaysWhoAndInWhichRequest(t *testing.T) {
	ctx := traced(t)
	ids := map[string]any{
		"service": "order", "msg": "hello", "level": "INFO",
		"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "request_id": "req-1",
	}
	tests := map[string]func(*slog.Logger){
		"plain":            func(l *slog.Logger) { l.InfoContext(ctx, "hello", "n", 1) },
		"with attributes":  func(l *slog.Logger) { l.With("a", 1).InfoContext(ctx, "hello", "n", 1) },
		"in a group":       func(l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "hello", "n", 1) },
		"groups and attrs": func(l *slog.Logger) { l.With("a", 1).WithGroup("g").With("b", 2).InfoContext(ctx, "hello", "n", 1) },
	}
	for name, log := range tests {
		t.Run(name, func(t *testing.T) {
			got := line(t, log)
			for k, want := range ids {
				if got[k] != want {
					t.Errorf("%s = %v, want %v", k, got[k], want)
				}
			}
			if got["time"] == nil {
				t.Error("no time")
			}
		})
	}

	t.Run("attributes of a group stay in it", func(t *testing.T) {
		got := line(t, tests["groups and attrs"])
		group, ok := got["g"].(map[string]any)
		if !ok || group["b"] != 2.0 || group["n"] != 1.0 || got["a"] != 1.0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("outside of a request there are no ids", func(t *testing.T) {
		got := line(t, func(l *slog.Logger) { l.InfoContext(context.Background(), "hello") })
		for _, k := range []string{"trace_id", "span_id", "request_id"} {
			if v, ok := got[k]; ok {
				t.Errorf("%s = %v", k, v)
			}
		}
	})
}

func TestLoggersOfOneParentDoNotShareGroups(t *testing.T) {
	got := line(t, func(l *slog.Logger) {
		g := l.WithGroup("g").With("a", 1)
		_ = g.With("b", 2)
		g.With("c", 3).Info("hello")
	})
	if group, ok := got["g"].(map[string]any); !ok || group["c"] != 3.0 || group["b"] != nil {
		t.Errorf("got %v", got)
	}
}

const secretValue = "s3cr3t-v4lue"

func TestSecretsAreMasked(t *testing.T) {
	withPassword, err := url.Parse("postgresql://shop:" + secretValue + "@db:5432/x")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]slog.Attr{
		"password":              slog.String("password", secretValue),
		"any case":              slog.String("Password", secretValue),
		"new_password":          slog.String("new_password", secretValue),
		"push-token":            slog.String("push-token", secretValue),
		"bytes of a token":      slog.Any("token", []byte(secretValue)),
		"authorization":         slog.String("authorization", secretValue),
		"secret_key":            slog.String("SECRET_KEY", secretValue),
		"email":                 slog.String("email", secretValue),
		"phone":                 slog.String("user.phone", secretValue),
		"in a group":            slog.Group("user", slog.String("email", secretValue)),
		"SECRET_KEY_PREVIOUS":   slog.String("SECRET_KEY_PREVIOUS", secretValue),
		"in camel case":         slog.String("newPassword", secretValue),
		"header of the mesh":    slog.String("X-Internal-Token", secretValue),
		"signing key":           slog.String("jwt.signing_key", secretValue),
		"in a map":              slog.Any("body", map[string]any{"name": "an", "password": secretValue}),
		"in a map of texts":     slog.Any("body", map[string]string{"api_key": secretValue}),
		"in a list":             slog.Any("args", []string{"postgres://u:" + secretValue + "@h/d"}),
		"headers":               slog.Any("headers", http.Header{"X-Internal": {secretValue}}),
		"form":                  slog.Any("form", url.Values{"q": {secretValue}}),
		"URL":                   slog.Any("target", withPassword),
		"URL in a text":         slog.String("msg2", "dial postgres://shop:"+secretValue+"@db:5432/x failed"),
		"URL in an error":       slog.Any("error", errors.New(`parse "redis://:`+secretValue+`@cache:6379"`)),
		"password with at sign": slog.String("dsn", "amqp://u:a@"+secretValue+"@h/"),
		"bearer in an error":    slog.Any("error", errors.New("header Bearer "+secretValue)),
		"web token":             slog.String("got", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbiJ9."+secretValue),
	}
	for name, attr := range tests {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			telemetry.NewLogger(&b, slog.LevelInfo, "x").LogAttrs(t.Context(), slog.LevelInfo, "m", attr)
			if strings.Contains(b.String(), secretValue) {
				t.Errorf("leaked: %s", b.String())
			}
		})
	}
}

func TestHarmlessValuesStay(t *testing.T) {
	tests := map[string]slog.Attr{
		"plain text":      slog.String("name", "an"),
		"listen address":  slog.String("listen_address", "127.0.0.1:8001"),
		"URL":             slog.String("url", "http://127.0.0.1:8001/a@b"),
		"a token's state": slog.Bool("token_revoked", true),
		"compound":        slog.String("tokenizer", "plain"),
		"odd key":         slog.String("_-.", "x"),
		"tokens counted":  slog.Int("tokens", 3),
		"key of an event": slog.String("key", "order-7"),
		"number":          slog.Int("n", 7),
		"map":             slog.Any("m", map[string]any{"a": 1.0}),
	}
	for name, attr := range tests {
		t.Run(name, func(t *testing.T) {
			got := line(t, func(l *slog.Logger) { l.LogAttrs(t.Context(), slog.LevelInfo, "m", attr) })
			b, err := json.Marshal(attr.Value.Any())
			if err != nil {
				t.Fatal(err)
			}
			var want any
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got[attr.Key], want) {
				t.Errorf("got %v, want %v", got[attr.Key], want)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	tests := map[string]struct {
		want slog.Level
		ok   bool
	}{
		"": {slog.LevelInfo, true}, "info": {slog.LevelInfo, true}, "INFO": {slog.LevelInfo, true},
		"Debug": {slog.LevelDebug, true}, "warning": {slog.LevelWarn, true}, "WARN": {slog.LevelWarn, true},
		"error": {slog.LevelError, true}, "CRITICAL": {slog.LevelError, true}, "loud": {0, false}, "10": {0, false},
	}
	for in, want := range tests {
		got, err := telemetry.ParseLevel(in)
		if (err == nil) != want.ok || got != want.want {
			t.Errorf("ParseLevel(%q) = %v, %v; want %v, ok %t", in, got, err, want.want, want.ok)
		}
	}
}

func TestNoGlobalIsSet(t *testing.T) {
	before := slog.Default()
	tel, err := telemetry.New(t.Context(), telemetry.Config{Service: "order", LogWriter: new(bytes.Buffer)})
	if err != nil {
		t.Fatal(err)
	}
	if slog.Default() != before {
		t.Error("slog's default logger was replaced")
	}
	if _, span := otel.Tracer("x").Start(t.Context(), "x"); span.SpanContext().IsValid() {
		t.Error("OpenTelemetry's global provider was replaced")
	}
	if fields := otel.GetTextMapPropagator().Fields(); len(fields) != 0 {
		t.Errorf("OpenTelemetry's global propagator was replaced: %v", fields)
	}
	if _, isNoop := tel.Provider.(noop.TracerProvider); isNoop {
		t.Error("the provider makes no ids")
	}
}
