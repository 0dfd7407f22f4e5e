package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"shop/kit/testkit"
)

// load is requests that are made until end.
type load struct {
	began time.Time
	stop  context.CancelFunc
	all   sync.WaitGroup

	mu       sync.Mutex
	answered int
	by       map[string]int // Answers, by the number of the process that gave them.
	other    []error        // Answers other than 2xx.
	broken   []error        // Requests without an answer.
}

// call is one kind of requests.
type call struct{ method, url string }

// startLoad makes each call so many times a second, as far as answers are quick
// enough.
func startLoad(t *testing.T, perSecond int, calls ...call) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{began: time.Now(), stop: stop, by: map[string]int{}}
	t.Cleanup(l.end)
	const callers = 4
	keep := &http.Transport{MaxIdleConnsPerHost: callers}
	t.Cleanup(keep.CloseIdleConnections)
	for _, c := range calls {
		for range callers {
			l.all.Go(func() {
				again := time.NewTicker(callers * time.Second / time.Duration(perSecond))
				defer again.Stop()
				for ctx.Err() == nil {
					l.note(ctx, keep, c)
					select {
					case <-again.C:
					case <-ctx.Done():
					}
				}
			})
		}
	}
	return l
}

// note makes one call and notes what becomes of it, unless the end cuts it off.
func (l *load) note(ctx context.Context, by http.RoundTripper, c call) {
	who, err := ask(ctx, by, c.method, c.url)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.answered++
		l.by[who]++
	case ctx.Err() != nil:
	case errors.Is(err, errNoAnswer):
		l.broken = append(l.broken, err)
	default:
		l.other = append(l.other, err)
	}
}

// proceed waits until n more requests are answered.
func (l *load) proceed(t *testing.T, n int) {
	t.Helper()
	answered := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.answered
	}
	want := answered() + n
	testkit.Eventually(t, patience, func() bool { return answered() >= want }, "requests are answered")
}

// reaches waits until every replica has answered.
func (l *load) reaches(t *testing.T, replicas ...*replica) {
	t.Helper()
	for _, r := range replicas {
		pid := r.pid(t)
		testkit.Eventually(t, patience, func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.by[pid] > 0
		}, r.workload, "at", r.at.Inbound, "answers")
	}
}

// end ends the load.
func (l *load) end() {
	l.stop()
	l.all.Wait()
}

// verdict ends the load, prints its counts and fails the test if a request did.
func (l *load) verdict(t *testing.T, what string) {
	t.Helper()
	took := time.Since(l.began)
	l.end()
	t.Logf("%s: %d requests answered by %d processes in %s (%.0f a second), %d other than 2xx, %d without an answer",
		what, l.answered, len(l.by), took.Round(time.Second), float64(l.answered)/took.Seconds(), len(l.other), len(l.broken))
	for _, err := range append(l.other[:min(3, len(l.other))], l.broken[:min(3, len(l.broken))]...) {
		t.Error(fmt.Errorf("%s: %w", what, err))
	}
}
