package endpoint_test

import (
	"testing"
	"time"

	"shop/kit/endpoint"
	"shop/kit/telemetry"
)

// boxing is what go-kit's signature costs: the request and the response as any.
const boxing = 2

func TestTheStackAllocatesNothingOfItsOwn(t *testing.T) {
	ctx := t.Context()
	e := endpoint.New(add, endpoint.NewStack(telemetry.Nop(), 0, endpoint.NewLimiter(256, 0)).Of("sum.add")...)
	if got := testing.AllocsPerRun(1000, func() { _, _ = e(ctx, question{1000, 2000}) }); got > boxing {
		t.Errorf("%v allocations a call, want at most %d", got, boxing)
	}
}

func BenchmarkEndpoint(b *testing.B) {
	run := func(b *testing.B, mw ...endpoint.Middleware) {
		b.Helper()
		ctx, e := b.Context(), endpoint.New(add, mw...)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e(ctx, question{1000, 2000}); err != nil {
				b.Fatal(err)
			}
		}
	}
	limit := endpoint.NewLimiter(256, 0)
	b.Run("bare", func(b *testing.B) { run(b) })
	b.Run("stack", func(b *testing.B) { run(b, endpoint.NewStack(telemetry.Nop(), 0, limit).Of("x")...) })
	b.Run("stack with timeout", func(b *testing.B) { run(b, endpoint.NewStack(telemetry.Nop(), time.Second, limit).Of("x")...) })
}
