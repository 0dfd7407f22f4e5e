// Package orderstest is the contract of ports.Orders as tests: every adapter
// passes it.
package orderstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"shop/kit/event"
	"shop/order/domain"
	"shop/order/ports"
)

// Open returns an empty store whose ports are one store.
type Open func(t *testing.T) (ports.Orders, ports.Idempotency)

const (
	owner    domain.UserID = 7
	stranger domain.UserID = 8
)

// start has more digits than a store keeps.
var start = time.Date(2026, time.March, 14, 15, 9, 26, 535897932, time.FixedZone("ICT", 7*3600))

var errAnnounce = errors.New("no words")

// Run runs the contract against the stores that open returns.
func Run(t *testing.T, open Open) {
	t.Run("add", func(t *testing.T) { testAdd(t, open) })
	t.Run("change", func(t *testing.T) { testChange(t, open) })
	t.Run("list", func(t *testing.T) { testList(t, open) })
	t.Run("settle", func(t *testing.T) { testSettle(t, open) })
	t.Run("dossier", func(t *testing.T) { testDossier(t, open) })
}

// draft returns a new order of u with a reservation of its own.
func draft(t *testing.T, u domain.UserID) domain.Order {
	t.Helper()
	o, err := domain.Place(u, 42, 3, domain.Reserved{
		ID: domain.ReservationID(uuid.NewString()), ProductName: "Điện thoại “Ốc” 🐌\u00a0", UnitPrice: 1999,
	}, start)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// added returns draft as the store keeps it.
func added(t *testing.T, s ports.Orders, u domain.UserID) domain.Order {
	t.Helper()
	o, err := s.Add(t.Context(), draft(t, u), announce, nil)
	if err != nil {
		t.Fatal("add:", err)
	}
	return o
}

func become(t *testing.T, o domain.Order, to domain.Status) domain.Order {
	t.Helper()
	changed, err := o.Become(to, start.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// announce is an event that tells what it was made of.
func announce(o domain.Order) (event.Event, error) {
	s := o.Snapshot()
	payload, err := json.Marshal(map[string]any{"order_id": s.ID, "status": s.Status})
	return event.Event{
		Type: "order.test", Key: strconv.FormatInt(int64(s.ID), 10),
		Sequence: s.Sequence, OccurredAt: s.UpdatedAt, Data: payload,
	}, err
}

func mute(domain.Order) (event.Event, error) { return event.Event{}, errAnnounce }

// wantStored fails unless the store has o exactly as it is.
func wantStored(t *testing.T, s ports.Orders, o domain.Order) {
	t.Helper()
	got, err := s.Get(context.WithoutCancel(t.Context()), o.Snapshot().ID)
	if err != nil {
		t.Fatal("get:", err)
	}
	if got != o {
		t.Errorf("stored order\n got %+v\nwant %+v", got.Snapshot(), o.Snapshot())
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}

// wantSteps fails unless the order went through these statuses, with one event
// for each, in sequence.
func wantSteps(t *testing.T, s ports.Orders, id domain.OrderID, statuses ...string) {
	t.Helper()
	d, err := s.Dossier(t.Context(), id)
	if err != nil {
		t.Fatal("dossier:", err)
	}
	got := make([]string, 0, len(d.History))
	for _, step := range d.History {
		got = append(got, step.Status)
	}
	if fmt.Sprint(got) != fmt.Sprint(statuses) {
		t.Errorf("history %v, want %v", got, statuses)
	}
	if len(d.Events) != len(statuses) {
		t.Fatalf("%d events, want %d", len(d.Events), len(statuses))
	}
	for i, e := range d.Events {
		if e.Sequence != int64(i+1) || e.Type != "order.test" || e.ID == "" || e.SentAt != nil {
			t.Errorf("event %d is %+v", i+1, e)
		}
	}
}
