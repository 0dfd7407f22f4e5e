package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const backlog = 20000 // events

// measureRelay adds how fast the order service gets rid of a backlog, from the
// start of its process until the broker has confirmed the last event.
func (s *enginesStage) measureRelay(ctx context.Context, r *report) error {
	announce("relay")
	s.services[notification].stop()
	var rates []float64
	for round := range r.rounds {
		s.services[order].stop()
		if err := s.leaveBehind(ctx, round); err != nil {
			return err
		}
		began := time.Now()
		if err := s.start(ctx, order); err != nil {
			return err
		}
		last, err := s.confirmed(ctx)
		if err != nil {
			return err
		}
		rates = append(rates, backlog/last.Sub(began).Seconds())
	}
	slices.Sort(rates)
	rate := rates[len(rates)/2]
	r.figure(fmt.Sprintf("relay, %d events of as many orders", backlog), perSecond(rate), "≥ 3000/s", rate >= 3000)
	return nil
}

// leaveBehind fills the outbox with events like the newest one.
func (s *enginesStage) leaveBehind(ctx context.Context, round int) error {
	_, err := s.databases[order].ExecContext(ctx, `INSERT INTO outbox (id, type, key, sequence, payload, trace, occurred_at)
		SELECT gen_random_uuid()::text, type, $1::text || '-' || n, 1, payload, trace, occurred_at
		FROM (SELECT * FROM outbox WHERE type = 'order.created' ORDER BY position DESC LIMIT 1) newest, generate_series(1, $2) n`,
		fmt.Sprintf("round %d", round), backlog)
	return err
}

// confirmed waits until all events are sent and returns when the last one was.
func (s *enginesStage) confirmed(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		var waiting int
		var last int64
		if err := s.databases[order].QueryRowContext(ctx, `SELECT
			(SELECT count(*) FROM outbox WHERE sent_at IS NULL), (SELECT max(sent_at) FROM outbox)`).Scan(&waiting, &last); err != nil {
			return time.Time{}, err
		}
		if waiting == 0 {
			return time.UnixMicro(last), nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return time.Time{}, fmt.Errorf("%d events are not confirmed: %w", waiting, err)
		}
	}
}
