package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptrace"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// tally counts answers. Safe for concurrent use.
type tally struct {
	start time.Time

	mu       sync.Mutex
	all      times
	by       map[string]*count // By operation.
	requests int
	failed   int
	repeated int
	placed   int
	failures []Failure
}

// count is what one operation was answered.
type count struct {
	answers map[string]int
	times   times
}

// maxFailures are told one by one.
const maxFailures = 10

func newTally() *tally { return &tally{by: map[string]*count{}} }

// measure counts what is asked while whole runs.
func (t *tally) measure(whole func()) Report {
	t.start = time.Now()
	whole()
	return t.report(time.Since(t.start))
}

// ask sends the n-th request, which was due at a time, and counts it.
func (t *tally) ask(ctx context.Context, what operation, due time.Time, c *crowd, n int) {
	// Go's client sends a request again when the connection that it took from its pool
	// turns out to be closed: no failure, but an upgrade that is gentle causes none.
	var connections atomic.Int32
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connections.Add(1) }})
	a, err := what.send(ctx, c, c.buyer(n), n)
	took := time.Since(due)
	answer, why := strconv.Itoa(a.Status), ""
	switch {
	case err != nil:
		answer, why = cause(err), err.Error()
	case a.Status < 200 || a.Status > 299:
		why = a.Detail()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.by[what.name]
	if o == nil {
		o = &count{answers: map[string]int{}}
		t.by[what.name] = o
	}
	o.answers[answer]++
	o.times.add(took)
	t.all.add(took)
	t.requests++
	t.repeated += max(0, int(connections.Load())-1)
	if why == "" {
		if what.name == place.name {
			t.placed++
		}
		return
	}
	t.failed++
	if len(t.failures) < maxFailures {
		t.failures = append(t.failures, Failure{
			After: due.Sub(t.start).Round(time.Millisecond).Seconds(), Operation: what.name, Answer: answer, Why: why,
			TraceID: a.Header.Get("X-Trace-Id"),
		})
	}
}

// cause is what went wrong on the way to an answer, in a word.
func cause(err error) string {
	switch {
	case os.IsTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "reset"
	}
	return "error"
}

// tell writes from time to time how it goes, until ctx ends.
func (t *tally) tell(ctx context.Context, out io.Writer) {
	again := time.NewTicker(progressInterval)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		t.mu.Lock()
		requests, failed := t.requests, t.failed
		t.mu.Unlock()
		fmt.Fprintf(out, "%4.0f s  %d requests, %d failed\n", time.Since(t.start).Seconds(), requests, failed)
	}
}

func (t *tally) report(took time.Duration) Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Report{
		Seconds: took.Seconds(), Requests: t.requests, Failed: t.failed, Repeated: t.repeated, OrdersPlaced: t.placed,
		Latency: t.all.latency(), Failures: append([]Failure{}, t.failures...),
	}
	for name, o := range t.by {
		r.Operations = append(r.Operations, Operation{Name: name, Answers: o.answers, Latency: o.times.latency()})
	}
	slices.SortFunc(r.Operations, func(a, b Operation) int { return b.requests() - a.requests() })
	return r
}
