package event_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
)

func TestJudge(t *testing.T) {
	fault := errors.New("cannot render")
	tests := map[string]struct {
		err      error
		attempts int
		want     event.Verdict
		wait     time.Duration
	}{
		"handled":                     {nil, 0, event.Acknowledge, 0},
		"handled at last":             {nil, 3, event.Acknowledge, 0},
		"a dependency is away":        {errs.ErrUnavailable, 0, event.Wait, 0},
		"away however often":          {fmt.Errorf("contact: %w", errs.ErrUnavailable), 99, event.Wait, 0},
		"a deadline passed":           {context.DeadlineExceeded, 0, event.Wait, 0},
		"can never be handled":        {event.ErrPayload, 0, event.Bury, 0},
		"of a type nobody knows":      {event.ErrUnknownType.With("type", "x"), 0, event.Bury, 0},
		"first fault":                 {fault, 0, event.Retry, time.Second},
		"second fault":                {fault, 1, event.Retry, 5 * time.Second},
		"third fault":                 {fault, 2, event.Retry, 25 * time.Second},
		"once too often":              {fault, 3, event.Bury, 0},
		"a kind that is no exception": {errs.New(errs.Conflict, "x"), 0, event.Retry, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if v, wait := event.DefaultLadder().Judge(tt.err, tt.attempts); v != tt.want || wait != tt.wait {
				t.Errorf("Judge = %d, %s; want %d, %s", v, wait, tt.want, tt.wait)
			}
		})
	}
}

func TestTopologyFindsItsQueues(t *testing.T) {
	topology := event.Topology{Queues: []event.Queue{{Name: "a"}, {Name: "b", Types: []string{"x"}}}}
	if q, ok := topology.Queue("b"); !ok || len(q.Types) != 1 {
		t.Errorf("Queue(b) = %v, %t", q, ok)
	}
	if _, ok := topology.Queue("c"); ok {
		t.Error("Queue(c) was found")
	}
}
