package service_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/service"
)

// letters is the dead letters of one queue.
type letters struct {
	all  []event.DeadLetter
	away error
}

func (l *letters) List(_ context.Context, queue string, _ int) ([]event.DeadLetter, error) {
	return slices.DeleteFunc(slices.Clone(l.all), func(d event.DeadLetter) bool { return d.Queue != queue }), l.away
}

func (l *letters) Replay(_ context.Context, queue string, ids ...string) (int, error) {
	before := len(l.all)
	l.all = slices.DeleteFunc(l.all, func(d event.DeadLetter) bool {
		return d.Queue == queue && (len(ids) == 0 || slices.Contains(ids, d.ID))
	})
	return before - len(l.all), l.away
}

func TestDeadLetterRoutes(t *testing.T) {
	letter := func(queue, id string) event.DeadLetter {
		return event.DeadLetter{
			Event: event.Event{
				ID: id, Type: "order.deleted", Key: "order:7", Data: json.RawMessage(`{"order_id":7}`),
				Trace: map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
			},
			Queue: queue, Attempts: 4, Reason: "no such product", DeadAt: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC),
		}
	}
	l := &letters{all: []event.DeadLetter{letter("stock", "a"), letter("stock", "b"), letter("other", "c")}}
	mux := http.NewServeMux()
	for _, r := range service.DeadLetterRoutes(l, "stock") {
		mux.Handle(r.Pattern, r.Handler)
	}
	const one = `{"queue":"stock","id":"b","type":"order.deleted","key":"order:7","attempts":4,"reason":"no such product",` +
		`"dead_at":"2026-03-14T15:09:26Z","trace_id":"0af7651916cd43dd8448eb211c80319c","data":{"order_id":7}}`
	for _, step := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"replay one", "POST", "/admin/dead-letters/replay", `{"ids":["a","c"]}`, 200, `{"replayed":1}`},
		{"list the rest", "GET", "/admin/dead-letters", "", 200, "[" + one + "]"},
		{"no JSON", "POST", "/admin/dead-letters/replay", `ids=a`, 422, `want {\"ids\"`},
		{"replay all", "POST", "/admin/dead-letters/replay", `{"ids":[]}`, 200, `{"replayed":1}`},
		{"nothing left", "GET", "/admin/dead-letters", "", 200, `[]`},
	} {
		t.Run(step.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), step.method, step.path, strings.NewReader(step.body)))
			got, err := io.ReadAll(w.Body)
			if err != nil || w.Code != step.status || !strings.Contains(string(got), step.want) {
				t.Errorf("got %d %s (%v), want %d %s", w.Code, got, err, step.status, step.want)
			}
		})
	}
	if len(l.all) != 1 {
		t.Errorf("other queues were touched: %v", l.all)
	}

	t.Run("broker away", func(t *testing.T) {
		l.away = errs.ErrUnavailable
		for _, r := range []*http.Request{
			httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/admin/dead-letters", nil),
			httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/admin/dead-letters/replay", strings.NewReader("{}")),
		} {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s: got %d", r.URL, w.Code)
			}
		}
	})
}

// TestDeadLettersThatAreNoJSON: what a message died of must not hide it.
func TestDeadLettersThatAreNoJSON(t *testing.T) {
	for name, tt := range map[string]struct{ data, want string }{
		"nothing":         {"", `"data":null`},
		"broken":          {`{"order_id":`, `"data":"{\"order_id\":"`},
		"no text":         {"\xff\x00", `"data":"\ufffd\u0000"`},
		"nested too deep": {strings.Repeat("[", 12_000) + strings.Repeat("]", 12_000), `"data":"[[[[`},
		"huge":            {`"` + strings.Repeat("x", 10<<20) + `"`, `… (10485762 bytes)"`},
	} {
		t.Run(name, func(t *testing.T) {
			l := &letters{all: []event.DeadLetter{{Event: event.Event{ID: "a", Data: json.RawMessage(tt.data)}, Queue: "stock"}}}
			mux := http.NewServeMux()
			for _, r := range service.DeadLetterRoutes(l, "stock") {
				mux.Handle(r.Pattern, r.Handler)
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/admin/dead-letters", nil))
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), tt.want) || w.Body.Len() > 64<<10 {
				t.Errorf("got %d, %d bytes: %.200s, want %s", w.Code, w.Body.Len(), w.Body.String(), tt.want)
			}
		})
	}
}
