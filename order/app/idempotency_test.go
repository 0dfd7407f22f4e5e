package app_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/order/domain"
	"shop/order/ports"
)

var keyed = ports.PlaceOrder{Product: phone, Quantity: 3, Key: "k"}

func TestPlaceAgain(t *testing.T) {
	f := newFixture(t)
	first := f.place(keyed)
	f.become(first.Snapshot().ID, domain.Cancelled)
	if err := f.Delete(t.Context(), buyer, first.Snapshot().ID); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(domain.KeyRetention - time.Microsecond)
	again, err := f.Place(t.Context(), buyer, keyed)
	if err != nil || !again.Replayed || again.Order != first {
		t.Errorf("again: %+v, %v; want the order as it was placed", again, err)
	}
	f.want(7, 0)

	f.clock.Advance(time.Microsecond)
	late, err := f.Place(t.Context(), buyer, keyed)
	if err != nil || late.Replayed || late.Order.Snapshot().ID == first.Snapshot().ID {
		t.Errorf("a day later: %+v, %v; want a new order", late, err)
	}
	f.want(4, 1)
}

func TestPlaceAgainWithAnotherBody(t *testing.T) {
	f := newFixture(t)
	f.place(keyed)
	other := keyed
	other.Quantity = 4
	_, err := f.Place(t.Context(), buyer, other)
	wantError(t, "place", err, domain.ErrKeyReused)
	f.want(7, 1)
	if placed, err := f.Place(t.Context(), stranger, other); err != nil || placed.Replayed {
		t.Errorf("another user with the same key: %+v, %v", placed, err)
	}
}

func TestRefusedAgain(t *testing.T) {
	f := newFixture(t)
	many := keyed
	many.Quantity = 11
	_, err := f.Place(t.Context(), buyer, many)
	wantError(t, "place", err, domain.ErrInsufficientStock)
	if replay := (*ports.Replay)(nil); errors.As(err, &replay) {
		t.Error("the first refusal is no replay")
	}
	id := f.place(ports.PlaceOrder{Product: phone, Quantity: 1}).Snapshot().ID
	f.become(id, domain.Cancelled)
	_, err = f.Place(t.Context(), buyer, many)
	replay := (*ports.Replay)(nil)
	if !errors.As(err, &replay) || errs.KindOf(err) != errs.Refused {
		t.Fatalf("again: %v, want a replay", err)
	}
	if got := replay.Refusal.Params["available"]; got != int64(10) {
		t.Errorf("%v available, want 10 as it was then", got)
	}
}

func TestFailureIsNoOutcome(t *testing.T) {
	tests := []struct {
		name string
		fail func(fixture)
	}{
		{"the catalogue is away", func(f fixture) { f.catalogue.Fail(domain.ErrCatalogueUnavailable) }},
		{"the answer of the catalogue is lost", func(f fixture) { f.catalogue.Fail(nil) }},
		{"the database dies", func(f fixture) { f.store.FailNextAdd(errs.ErrUnavailable) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			test.fail(f)
			if _, err := f.Place(t.Context(), buyer, keyed); errs.KindOf(err) != errs.Unavailable {
				t.Fatalf("place: %v", err)
			}
			placed, err := f.Place(t.Context(), buyer, keyed)
			if err != nil || placed.Replayed {
				t.Errorf("again at once: %+v, %v; want a new order", placed, err)
			}
			f.want(7, 1) // The reservation of the first attempt was taken over.
		})
	}
}

// TestTakeover lets an attempt fall silent after it has reserved. Its successor
// gets the same pieces, and when it wakes up it answers what its successor did.
func TestTakeover(t *testing.T) {
	f := newFixture(t)
	asleep, wake := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	f.catalogue.OnReserved(func(domain.ReservationID) {
		if once.CompareAndSwap(false, true) {
			close(asleep)
			<-wake
		}
	})
	type answer struct {
		ports.Placed
		error
	}
	slow := make(chan answer)
	go func() {
		placed, err := f.Place(t.Context(), buyer, keyed)
		slow <- answer{placed, err}
	}()
	<-asleep
	_, err := f.Place(t.Context(), buyer, keyed)
	wantError(t, "while it may be alive", err, domain.ErrKeyInUse)
	if wait := errs.Of(err).RetryAfter; wait != domain.KeyLease {
		t.Errorf("try again after %s, want %s", wait, domain.KeyLease)
	}
	f.clock.Advance(domain.KeyLease)
	taken, err := f.Place(t.Context(), buyer, keyed)
	if err != nil || taken.Replayed {
		t.Fatalf("takeover: %+v, %v", taken, err)
	}
	close(wake)
	if late := <-slow; late.error != nil || !late.Replayed || late.Order != taken.Order {
		t.Errorf("the late attempt: %+v, want a replay of %+v", late, taken)
	}
	f.want(7, 1)
	f.wantEvents("1 order.created pending")
}

// TestTakeoverAfterSettlement comes so late that the reservation of the crashed
// attempt was given back: the order gets another one.
func TestTakeoverAfterSettlement(t *testing.T) {
	f := newFixture(t)
	settleLate(f, 1)
	f.store.FailNextAdd(errs.ErrUnavailable)
	if _, err := f.Place(t.Context(), buyer, keyed); err == nil {
		t.Fatal("the database was meant to die")
	}
	f.clock.Advance(time.Hour)
	f.place(keyed)
	f.want(7, 1)
}

func TestClientGoneAway(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Place(ctx, buyer, keyed); err == nil {
		t.Fatal("want an error")
	}
	f.place(keyed) // The key was given up although the request's context had ended.
	f.want(7, 1)
}

func TestPlaceAtOnce(t *testing.T) {
	f := newFixture(t)
	var placed, replayed, busy atomic.Int64
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			switch p, err := f.Place(t.Context(), buyer, keyed); {
			case errors.Is(err, domain.ErrKeyInUse):
				busy.Add(1)
			case err != nil:
				t.Errorf("place: %v", err)
			case p.Replayed:
				replayed.Add(1)
			default:
				placed.Add(1)
			}
		})
	}
	running.Wait()
	if placed.Load() != 1 || placed.Load()+replayed.Load()+busy.Load() != 50 {
		t.Errorf("%d placed, %d replayed, %d told to wait", placed.Load(), replayed.Load(), busy.Load())
	}
	f.want(7, 1)
	f.wantEvents("1 order.created pending")
}

func TestPurgeKeys(t *testing.T) {
	f := newFixture(t)
	f.place(keyed)
	f.clock.Advance(domain.KeyRetention + time.Microsecond)
	if more, err := f.PurgeKeys(t.Context()); err != nil || more {
		t.Errorf("purge: more %v, %v", more, err)
	}
	f.place(keyed)
	f.want(4, 2)
}
