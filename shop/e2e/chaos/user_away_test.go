package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/rest"
)

// Promise 6: without the user service writes are answered 503 within their
// deadline and public reads 200. When it hangs, too; then a breaker opens, and
// closes again when it is back.
func userServiceAway(t *testing.T, s *stage) {
	const deadline = 2 * time.Second // Of asking whose a token is; the rest of a request takes no time.
	const writers, least = 8, 100
	p := s.open(t, layout{})
	buyers := p.buyers(t, writers)
	product := p.stocked(t, buyers[0], 1000)
	user := p.processes["user"][0]
	reads := with(public, p.requests(buyers[0], product.ID))
	writesOf := func(buyer rest.Session) []request { return with(writing, p.requests(buyer, product.ID)) }

	for _, how := range []struct {
		name        string
		leave, back func()
	}{
		{"is down", user.Kill, func() { user.Start(t) }},
		{"hangs", func() { user.Pause(t) }, func() { user.Resume(t) }},
	} {
		var read, written times
		how.leave()
		stop := meanwhile(t, func(ctx context.Context) {
			var group sync.WaitGroup
			group.Go(func() { repeat(ctx, t, reads, http.StatusOK, &read) })
			for _, buyer := range buyers {
				group.Go(func() { repeat(ctx, t, writesOf(buyer), http.StatusServiceUnavailable, &written) })
			}
			group.Wait()
		})
		for _, service := range []string{"product", "order"} {
			testkit.Eventually(t, patience, func() error { return p.breakerOpen(t.Context(), service) }, "the breaker opens")
		}
		before := written.Count()
		testkit.Eventually(t, patience, func() bool { return written.Count() >= before+least && read.Count() >= least }, "requests are answered")
		stop()
		if written.Quantile(1) > margin*deadline {
			t.Errorf("a write was answered after %s, want %s", written.Quantile(1), deadline)
		}
		how.back()
		start := time.Now()
		for _, r := range writesOf(buyers[0]) {
			testkit.Eventually(t, patience, func() bool {
				a, err := r.do(t.Context())
				return err == nil && a.Status < http.StatusBadRequest
			}, r.what+" is answered again")
		}
		s.report.Add(t, "the user service "+how.name,
			fmt.Sprintf("%d writes 503, %d public reads 200; the breakers opened and closed", written.Count(), read.Count()),
			fmt.Sprintf("writes refused after %s at most, %s in the middle; writes again %s after the return",
				short(written.Quantile(1)), short(written.Quantile(.5)), short(time.Since(start))))
	}
}

// repeat sends the requests in turn until ctx ends, and wants this status.
func repeat(ctx context.Context, t *testing.T, requests []request, status int, took *times) {
	const pace = 5 * time.Millisecond
	for n := 0; ctx.Err() == nil; n++ {
		r := requests[n%len(requests)]
		a, err := r.do(context.WithoutCancel(ctx))
		took.Add(a.Took)
		if err != nil || a.Status != status {
			t.Errorf("%s: %d %v, want %d: %s", r.what, a.Status, err, status, a.Body)
			return
		}
		if status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: 503 without Retry-After", r.what)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(pace):
		}
	}
}

// breakerOpen is nil when the service has stopped asking the user service.
func (p *shop) breakerOpen(ctx context.Context, service string) error {
	const open = 2
	state, err := p.processes[service][0].metric(ctx, "auth_validate_token_client_breaker_state")
	if err == nil && state != open {
		err = fmt.Errorf("the breaker of %s is in state %v, want %d", service, state, open)
	}
	return err
}
