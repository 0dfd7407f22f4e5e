package service_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"shop/kit/service"
	"shop/kit/testkit"
)

func TestEvery(t *testing.T) {
	tel := testkit.Telemetry(t)
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	step := func(context.Context) (bool, error) {
		switch steps++; steps {
		case 1:
			return true, nil // More: at once.
		case 2:
			return true, errors.New("no ink")
		case 3:
			return false, nil
		default:
			cancel()
			return false, context.Canceled
		}
	}
	if err := service.Every(time.Millisecond, tel.Log, "print", step)(ctx); err != nil {
		t.Errorf("run: %v", err)
	}
	if logs := tel.Logs("failed to print"); steps != 4 || len(logs) != 1 || logs[0].Text("error") != "no ink" {
		t.Errorf("%d steps, logs %v; want 4 and one line", steps, logs)
	}
}

// TestEveryWaits proves that a step without more to do is not repeated at once,
// and that a worker ends while it waits.
func TestEveryWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	steps := make(chan struct{}, 10)
	done := make(chan error)
	go func() {
		done <- service.Every(time.Hour, testkit.Telemetry(t).Log, "wait", func(context.Context) (bool, error) {
			steps <- struct{}{}
			return false, nil
		})(ctx)
	}()
	<-steps
	cancel()
	if err := <-done; err != nil || len(steps) > 0 {
		t.Errorf("run: %v, %d more steps", err, len(steps))
	}
}
