package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/codes"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

var errSomething = errors.New("something broke")

func refusing(err error) endpoint.Middleware {
	return func(endpoint.Endpoint) endpoint.Endpoint {
		return func(context.Context, any) (any, error) { return nil, err }
	}
}

// call runs a use case through the whole stack.
func call(ctx context.Context, s endpoint.Stack, f func(context.Context, question) (answer, error)) error {
	_, err := endpoint.New(f, s.Of("sum.add")...)(ctx, question{1, 2})
	return err
}

func TestEveryOutcomeIsCountedAndLoggedOnce(t *testing.T) {
	tests := map[string]struct {
		err     error
		outcome string
		level   string // "" = not above debug.
		code    string
	}{
		"success":         {nil, "ok", "", ""},
		"refusal":         {errs.New(errs.NotFound, "sum_not_found"), "not_found", "", "sum_not_found"},
		"wrong fields":    {errs.ErrInvalid, "invalid", "", "validation_failed"},
		"bug":             {errSomething, "internal", "ERROR", "internal"},
		"dependency away": {errs.ErrUnavailable.Wrap(errSomething), "unavailable", "WARN", "unavailable"},
		"kind unheard of": {errs.New(errs.Kind(200), "odd"), "internal", "", "odd"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tel := testkit.Telemetry(t)
			s := endpoint.NewStack(tel.Telemetry, time.Minute, nil)
			err := call(t.Context(), s, func(context.Context, question) (answer, error) { return answer{}, tt.err })
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if got := tel.Value("endpoint_requests_total", "endpoint", "sum.add", "outcome", tt.outcome); got != 1 {
				t.Errorf("counted %v times as %s", got, tt.outcome)
			}
			if got := tel.Value("endpoint_requests_total"); got != 1 {
				t.Errorf("counted %v times in all", got)
			}
			logs := tel.Logs("")
			if tt.err == nil {
				if len(logs) != 0 {
					t.Errorf("logged %v", logs)
				}
				return
			}
			if len(logs) != 1 {
				t.Fatalf("logged %d times: %v", len(logs), logs)
			}
			want := tt.level
			if want == "" {
				want = "DEBUG"
			}
			if l := logs[0]; l.Text("level") != want || l.Text("endpoint") != "sum.add" || l.Text("code") != tt.code || l.Text("error") != tt.err.Error() {
				t.Errorf("logged %v, want level %s and code %s", l, want, tt.code)
			}
		})
	}
}

func TestEveryOutcomeIsThereFromTheStart(t *testing.T) {
	tel := testkit.Telemetry(t)
	endpoint.NewStack(tel.Telemetry, 0, nil).Of("sum.add")
	if got := tel.Series("endpoint_requests_total"); got != 1+int(errs.Unavailable)+1 {
		t.Errorf("%d series, want ok and one for each kind", got)
	}
}

func TestAPanicIsAnInternalError(t *testing.T) {
	tel := testkit.Telemetry(t)
	s := endpoint.NewStack(tel.Telemetry, time.Minute, endpoint.NewLimiter(1, 0))
	ctx, root := tel.Tracer.Start(t.Context(), "root")
	panicking := func(context.Context, question) (answer, error) { panic("oh no") }
	for range 2 { // The second finds its place free again.
		if err := call(ctx, s, panicking); !errors.Is(err, errs.ErrInternal) {
			t.Fatalf("error %v, want %v", err, errs.ErrInternal)
		}
	}
	root.End()
	if got := tel.Value("endpoint_requests_total", "outcome", "internal"); got != 2 {
		t.Errorf("counted %v times", got)
	}
	logs := tel.Logs("panicked")
	if len(logs) != 2 {
		t.Fatalf("logged %v", logs)
	}
	if l := logs[0]; l.Text("level") != "ERROR" || l.Text("panic") != "oh no" || !strings.Contains(l.Text("stack"), "stack_test.go") || l.Text("trace_id") == "" {
		t.Errorf("logged %v", l)
	}
	if got := len(tel.Spans("sum.add")); got != 2 {
		t.Errorf("%d spans ended", got)
	}
}

func TestASpanForEachUseCaseOfARecordedTrace(t *testing.T) {
	tel := testkit.Telemetry(t)
	s := endpoint.NewStack(tel.Telemetry, 0, nil)
	if err := call(t.Context(), s, add); err != nil {
		t.Fatal(err)
	}
	if spans := tel.Spans(""); len(spans) != 0 {
		t.Errorf("outside of a trace: %d spans", len(spans))
	}

	tests := map[string]struct {
		err    error
		status codes.Code
		typ    string
	}{
		"success":         {nil, codes.Unset, ""},
		"refusal":         {errs.New(errs.Conflict, "taken"), codes.Unset, "taken"},
		"bug":             {errSomething, codes.Error, "internal"},
		"dependency away": {errs.ErrUnavailable, codes.Error, "unavailable"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tel := testkit.Telemetry(t)
			s := endpoint.NewStack(tel.Telemetry, 0, nil)
			ctx, root := tel.Tracer.Start(t.Context(), "root")
			inside := ""
			_ = call(ctx, s, func(ctx context.Context, _ question) (answer, error) {
				inside = telemetry.TraceID(ctx)
				return answer{}, tt.err
			})
			root.End()
			spans := tel.Spans("sum.add")
			if len(spans) != 1 {
				t.Fatalf("%d spans", len(spans))
			}
			if got := spans[0]; got.Parent().SpanID() != root.SpanContext().SpanID() || inside != root.SpanContext().TraceID().String() ||
				got.Status().Code != tt.status {
				t.Errorf("span of parent %v, status %v; use case in trace %s", got.Parent(), got.Status(), inside)
			}
			typ := ""
			for _, a := range spans[0].Attributes() {
				if a.Key == "error.type" {
					typ = a.Value.AsString()
				}
			}
			if typ != tt.typ {
				t.Errorf("error.type %q, want %q", typ, tt.typ)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	classified := errs.New(errs.Conflict, "taken")
	tests := map[string]struct {
		f    func(context.Context, question) (answer, error)
		want error
	}{
		"waits for the context":      {func(ctx context.Context, _ question) (answer, error) { <-ctx.Done(); return answer{}, ctx.Err() }, errs.ErrTimeout},
		"has a driver's word for it": {func(ctx context.Context, _ question) (answer, error) { <-ctx.Done(); return answer{}, errSomething }, errs.ErrTimeout},
		"knows better":               {func(ctx context.Context, _ question) (answer, error) { <-ctx.Done(); return answer{}, classified }, classified},
		"makes it after all":         {func(ctx context.Context, _ question) (answer, error) { <-ctx.Done(); return answer{}, nil }, nil},
		"breaks in time":             {func(context.Context, question) (answer, error) { return answer{}, errSomething }, errSomething},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				err := call(t.Context(), endpoint.NewStack(telemetry.Nop(), 3*time.Second, nil), tt.f)
				if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if took := time.Since(start); took > 3*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestAClientThatLeavesIsNoWarning(t *testing.T) {
	tel := testkit.Telemetry(t)
	ctx, leave := context.WithCancel(t.Context())
	err := call(ctx, endpoint.NewStack(tel.Telemetry, time.Minute, nil), func(ctx context.Context, _ question) (answer, error) {
		leave()
		return answer{}, fmt.Errorf("query: %w", ctx.Err())
	})
	if !errors.Is(err, errs.ErrTimeout) {
		t.Errorf("error %v", err)
	}
	if logs := tel.Logs(""); len(logs) != 1 || logs[0].Text("level") != "DEBUG" {
		t.Errorf("logged %v", logs)
	}
}

func TestStrangersTakeNoPlace(t *testing.T) {
	unauthenticated := errs.New(errs.Unauthenticated, "unauthenticated")
	limit := endpoint.NewLimiter(1, 0)
	tel := testkit.Telemetry(t)
	s := endpoint.NewStack(tel.Telemetry, time.Minute, limit)

	entered, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- call(t.Context(), s, func(context.Context, question) (answer, error) {
			close(entered)
			<-leave
			return answer{}, nil
		})
	}()
	<-entered
	if got := limit.InFlight(); got != 1 {
		t.Errorf("%d in flight", got)
	}
	if err := call(t.Context(), s.With(refusing(unauthenticated)), add); !errors.Is(err, unauthenticated) {
		t.Errorf("a stranger at a full service: %v, want %v", err, unauthenticated)
	}
	err := call(t.Context(), s, add)
	if e := errs.Of(err); !errors.Is(err, errs.ErrOverloaded) || e.Kind != errs.Unavailable || e.RetryAfter <= 0 {
		t.Errorf("a full service: %v, retry after %v", err, errs.Of(err).RetryAfter)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := call(t.Context(), s, add); err != nil {
		t.Errorf("a free service: %v", err)
	}
	if got := limit.InFlight(); got != 0 {
		t.Errorf("%d in flight at the end", got)
	}
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := endpoint.NewStack(telemetry.Nop(), 0, endpoint.NewLimiter(0, 2))
		outcome := func() bool {
			err := call(t.Context(), s, add)
			if err != nil && !errors.Is(err, errs.ErrOverloaded) {
				t.Fatal(err)
			}
			return err == nil
		}
		for i, want := range []bool{true, true, false} {
			if got := outcome(); got != want {
				t.Errorf("call %d let in: %t", i, got)
			}
		}
		<-time.After(500 * time.Millisecond) // Of the bubble's clock.
		if !outcome() {
			t.Error("half a second later nothing was free")
		}
	})
}

func TestWrongFieldsMeetAuthenticationFirst(t *testing.T) {
	unauthenticated := errs.New(errs.Unauthenticated, "unauthenticated")
	s := endpoint.NewStack(telemetry.Nop(), 0, nil)
	wrong := endpoint.Deferred{Err: errs.ErrInvalid}
	if _, err := endpoint.New(add, s.With(refusing(unauthenticated)).Of("x")...)(t.Context(), wrong); !errors.Is(err, unauthenticated) {
		t.Errorf("a stranger's wrong fields: %v", err)
	}
	if _, err := endpoint.New(add, s.Of("x")...)(t.Context(), wrong); !errors.Is(err, errs.ErrInvalid) {
		t.Errorf("wrong fields: %v", err)
	}
}
