package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/testkit"

	"shop/product/adapters/clock"
)

const interval = time.Minute

// In a synctest bubble time passes when everything waits.
func TestEvery(t *testing.T) {
	tel := testkit.Telemetry(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		var at []time.Duration
		worker := clock.Every(interval, tel.Log, "count sheep", func(context.Context) (bool, error) {
			at = append(at, time.Since(start))
			switch len(at) {
			case 1, 2:
				return true, nil
			case 3:
				return true, errors.New("a wolf")
			case 5:
				cancel()
			}
			return false, nil
		})
		if err := worker(ctx); err != nil {
			t.Error(err)
		}
		want := []time.Duration{0, 0, 0, interval, 2 * interval}
		if len(at) != len(want) {
			t.Fatalf("ran at %v, want %v", at, want)
		}
		for i := range want {
			if at[i] != want[i] {
				t.Errorf("ran at %v, want %v", at, want)
			}
		}
	})
	if logs := tel.Logs("failed to count sheep"); len(logs) != 1 || logs[0].Text("error") != "a wolf" {
		t.Errorf("logged %v", logs)
	}
}

func TestEveryEndsWhileItWaits(t *testing.T) {
	tel := testkit.Telemetry(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), interval/2)
		defer cancel()
		start := time.Now()
		worker := clock.Every(interval, tel.Log, "count sheep", func(ctx context.Context) (bool, error) { return false, ctx.Err() })
		if err := worker(ctx); err != nil || time.Since(start) != interval/2 {
			t.Errorf("ended after %v: %v", time.Since(start), err)
		}
	})
}
