package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"shop/bench/load"
	"shop/shop/rest"
)

const steadyRate = 100 // orders per second

// measureSteady adds how soon notifications are recorded of orders that come in
// at a fixed rate, and the memory that the services take meanwhile.
func (s *enginesStage) measureSteady(ctx context.Context, r *report) error {
	what := fmt.Sprintf("%d orders/s", steadyRate)
	announce(what)
	ctx, done := context.WithCancel(ctx)
	defer done()
	memory := s.watchMemory(ctx)
	answered, err := s.place(r.steady)
	if err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.calm(limit); err != nil {
		return err
	}
	recorded, err := s.recorded(ctx)
	if err != nil {
		return err
	}
	waits := make([]time.Duration, 0, len(answered))
	for id, at := range answered {
		commit, found := recorded[id]
		if !found {
			return fmt.Errorf("no notification of order %d", id)
		}
		waits = append(waits, commit.Sub(at))
	}
	slices.Sort(waits)
	r.waits(what+": answered → recorded", waits, 100*time.Millisecond)
	done()
	peaks := <-memory
	if peaks.err != nil {
		return peaks.err
	}
	for n, most := range peaks.resident {
		r.size(what+": memory of "+serviceName(n), most, 60*mebi)
	}
	return nil
}

// place orders at the fixed rate for d and returns when each was answered.
func (s *enginesStage) place(d time.Duration) (answered map[int64]time.Time, err error) {
	targets, err := s.goods.orders(s.url(order) + "/orders")
	if err != nil {
		return nil, err
	}
	answered = map[int64]time.Time{}
	load.Steady(vegeta.NewStaticTargeter(targets...), steadyRate, d, func(a *vegeta.Result) {
		var placed rest.Order
		switch {
		case a.Code != http.StatusCreated:
			err = fmt.Errorf("an order was answered %d: %s %s", a.Code, a.Error, a.Body)
		case json.Unmarshal(a.Body, &placed) != nil:
			err = fmt.Errorf("the answer %s is no order", a.Body)
		}
		answered[placed.ID] = a.Timestamp.Add(a.Latency)
	})
	return answered, err
}

// recorded returns when the notifications of orders were committed. The row of a
// notification changes with its delivery; that of the inbox, written in the same
// transaction, doesn't.
func (s *enginesStage) recorded(ctx context.Context) (map[int64]time.Time, error) {
	rows, err := s.databases[notification].QueryContext(ctx, `SELECT n.order_id, pg_xact_commit_timestamp(i.xmin)
		FROM notifications n JOIN inbox i ON i.message_id = n.event_id WHERE n.event = 'order.created'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	recorded := map[int64]time.Time{}
	for rows.Next() {
		var id int64
		var at time.Time
		if err := rows.Scan(&id, &at); err != nil {
			return nil, err
		}
		recorded[id] = at
	}
	return recorded, rows.Err()
}

// peaks are the largest resident sets of the services that were seen.
type peaks struct {
	resident [services]int64 // bytes
	err      error
}

// watchMemory looks at the services until ctx ends, then says what it saw.
func (s *enginesStage) watchMemory(ctx context.Context) <-chan peaks {
	seen := make(chan peaks, 1)
	go func() {
		var p peaks
		for alive := true; alive; alive = pause(ctx, 200*time.Millisecond) == nil {
			for n := range services {
				now, err := s.services[n].resident()
				p.resident[n], p.err = max(p.resident[n], now), errors.Join(p.err, err)
			}
		}
		seen <- p
	}()
	return seen
}
