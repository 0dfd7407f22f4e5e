package service

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"shop/kit/event"
)

const (
	maxDeadLetters = 1000     // Listed at once; more are a case for a query, not for a list.
	maxReplayBody  = 1 << 20  // bytes
	maxShown       = 16 << 10 // bytes of one payload; longer ones are cut.
)

// deadLetter is one given-up message as operators see it.
type deadLetter struct {
	Queue    string          `json:"queue"`
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Key      string          `json:"key"`
	Attempts int             `json:"attempts"`
	Reason   string          `json:"reason"`
	DeadAt   time.Time       `json:"dead_at"`
	TraceID  string          `json:"trace_id"`
	Data     json.RawMessage `json:"data"`
}

// DeadLetterRoutes returns the operator's routes to the dead letters of queue:
//
//	GET  /admin/dead-letters                          lists them, oldest first
//	POST /admin/dead-letters/replay {"ids": ["…"]}    puts these back, all without ids; {"replayed": 2}
func DeadLetterRoutes(letters event.DeadLetters, queue string) []AdminRoute {
	d := deadLetters{letters, queue}
	return []AdminRoute{
		{"GET /admin/dead-letters", answer(d.list)},
		{"POST /admin/dead-letters/replay", answer(d.replay)},
	}
}

type deadLetters struct {
	letters event.DeadLetters
	queue   string
}

func (d deadLetters) list(r *http.Request) (any, int, error) {
	found, err := d.letters.List(r.Context(), d.queue, maxDeadLetters)
	if err != nil {
		return nil, http.StatusServiceUnavailable, fmt.Errorf("list dead letters of %s: %w", d.queue, err)
	}
	list := make([]deadLetter, len(found))
	for i, l := range found {
		list[i] = deadLetter{
			Queue: l.Queue, ID: l.ID, Type: l.Type, Key: l.Key, Attempts: l.Attempts, Reason: l.Reason,
			DeadAt: l.DeadAt.UTC(), TraceID: traceID(l.Trace["traceparent"]), Data: shown(l.Data),
		}
	}
	return list, http.StatusOK, nil
}

func (d deadLetters) replay(r *http.Request) (any, int, error) {
	var body struct {
		IDs []string `json:"ids"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxReplayBody)).Decode(&body); err != nil {
		return nil, http.StatusUnprocessableEntity, fmt.Errorf(`want {"ids": ["…"]}: %w`, err)
	}
	n, err := d.letters.Replay(r.Context(), d.queue, body.IDs...)
	if err != nil {
		return nil, http.StatusServiceUnavailable, fmt.Errorf("replay dead letters of %s: %w", d.queue, err)
	}
	return map[string]int{"replayed": n}, http.StatusOK, nil
}

// shown returns a payload as it is, or as a text where it is no JSON, which may be
// why it is dead, or too long for a list.
func shown(payload json.RawMessage) json.RawMessage {
	switch {
	case len(payload) == 0:
		return nil
	case len(payload) <= maxShown && json.Valid(payload):
		return payload
	}
	text := string(payload)
	if len(text) > maxShown {
		text = fmt.Sprintf("%s… (%d bytes)", text[:maxShown], len(text))
	}
	quoted, err := json.Marshal(text) // What is no UTF-8 is replaced.
	if err != nil {
		return nil // Unreachable: every text encodes.
	}
	return quoted
}

// traceID returns the trace id of a W3C traceparent, "" if it is none.
func traceID(traceparent string) string {
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 {
		return ""
	}
	return parts[1]
}
