package chaos

import (
	"context"
	"fmt"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

// Promise 5: when Postgres is restarted under load, requests fail only while it
// is away, all of them with 503 and Retry-After; nothing is half-written; within
// 5 s of its return everything is answered again.
func postgresRestarted(t *testing.T, s *stage) {
	const stock, recovery = 1_000_000, 5 * time.Second
	p := s.open(t, layout{replicas: map[string]int{"product": 2, "order": 2}})
	buyers := p.buyers(t, 4)
	product := p.stocked(t, buyers[0], stock)
	log := &answers{goods: map[string]int{}}
	stop := meanwhile(t, func(ctx context.Context) { p.everything(ctx, buyers, product.ID, log) })

	kinds := len(p.requests(buyers[0], product.ID))
	const each = 20 // Answers of every kind, before and after.
	var all outage
	for n := range 2 * s.form.outages {
		log.reset()
		testkit.Eventually(t, patience, func() bool { return log.good(each) == kinds }, "all is well")
		down := time.Now()
		if n%2 == 0 {
			restart(t, s.postgres)
		} else {
			stopAndStart(t, s.postgres)
		}
		up := time.Now()
		log.reset()
		testkit.Eventually(t, patience, func() bool { return log.good(each) == kinds }, "all is well again")
		o := log.since(down, up)
		all.away += o.away
		all.wrong = append(all.wrong, o.wrong...)
		all.recovery = max(all.recovery, o.recovery)
	}
	stop()
	if len(all.wrong) > 0 {
		t.Errorf("%d requests failed otherwise than with 503 and Retry-After while Postgres was away, such as %v", len(all.wrong), all.wrong[0])
	}
	if all.recovery > margin*recovery {
		t.Errorf("requests failed until %s after the return, want %s", all.recovery, recovery)
	}
	p.awaitBalance(t, product.ID, stock)
	torn, err := p.halfWritten(t.Context())
	if err != nil || torn > 0 {
		t.Errorf("%d orders are half-written, %v", torn, err)
	}
	told := p.accounted(t, log.Posts(), log.placed.IDs())
	s.report.Add(t, fmt.Sprintf("Postgres killed %d × and stopped in order %d × under load", s.form.outages, s.form.outages),
		fmt.Sprintf("%d × 503 with Retry-After, %d other failures, %d half-written; %s", all.away, len(all.wrong), torn, told),
		fmt.Sprintf("recovery %s at most", short(all.recovery)))
}

// stopAndStart restarts an engine as an operator does.
func stopAndStart(t *testing.T, e *engine.Server) {
	t.Helper()
	if err := e.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin(t, e)
}

// outage is what requests met because of one time without the database.
type outage struct {
	away     int        // 503 with Retry-After.
	wrong    []answered // Any other failure, or one while the database was there.
	recovery time.Duration
}

// since returns what the failures since the last call say of the time without the
// database, from down to up.
func (l *answers) since(down, up time.Time) (o outage) {
	for _, a := range l.Failed() {
		if !a.away() || a.end.Before(down) {
			o.wrong = append(o.wrong, a)
			continue
		}
		o.away++
		o.recovery = max(o.recovery, a.end.Sub(up))
	}
	return o
}
