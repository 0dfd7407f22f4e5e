package bustest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/event"
)

var errFault = errors.New("the template does not render")

func (traits Traits) climbsTheLadder(t *testing.T, b event.Bus) {
	r := recorder{handle: func(event.Delivery) error { return errFault }}
	consume(t, b, first, 10, r.Handle)
	start := time.Now()
	want := made(onlyFirst, "1", 1)
	publish(t, b, want)
	letter := dead(t, b, first, 1)[0]
	ladder := event.DefaultLadder()
	got := r.of("")
	if len(got) != len(ladder)+1 {
		t.Fatalf("%d deliveries, want %d", len(got), len(ladder)+1)
	}
	for i, d := range got {
		if d.Attempts != i {
			t.Errorf("delivery %d says %d attempts, want %d", i+1, d.Attempts, i)
		}
		if i == 0 {
			continue
		}
		if waited := r.at(i).Sub(r.at(i - 1)); waited < ladder[i-1]-time.Millisecond || waited > ladder[i-1]+traits.Margin {
			t.Errorf("delivery %d came after %s, want %s", i+1, waited, ladder[i-1])
		}
	}
	if letter.ID != want.ID || letter.Queue != first || letter.Attempts != len(ladder)+1 ||
		!strings.Contains(letter.Reason, errFault.Error()) || letter.Trace["traceparent"] != want.Trace["traceparent"] {
		t.Errorf("dead letter %+v, want %s of %s after %d attempts with reason and trace", letter, want.ID, first, len(ladder)+1)
	}
	if letter.DeadAt.Before(start.Truncate(time.Second)) || letter.DeadAt.After(time.Now()) || letter.DeadAt.Location() != time.UTC {
		t.Errorf("dead at %s, want it in UTC within the test", letter.DeadAt)
	}
}

func (traits Traits) holdsBackItsKey(t *testing.T, b event.Bus) {
	var faults atomic.Int32
	r := recorder{handle: func(d event.Delivery) error {
		if d.Key == "1" && d.Sequence == 1 && faults.Add(1) <= 2 {
			return errFault
		}
		return nil
	}}
	consume(t, b, first, 10, r.Handle)
	publish(t, b, made(onlyFirst, "1", 1), made(onlyFirst, "1", 2), made(onlyFirst, "2", 1))
	r.waitFor(t, "2", 1)
	r.waitFor(t, "1", 4)
	if got := sequences(r.of("1")); traits.Overtaken {
		slices.Sort(got)
		equal(t, "deliveries of key 1", got, []int64{1, 1, 1, 2})
	} else {
		equal(t, "sequences of key 1", got, []int64{1, 1, 1, 2})
	}
	for i, d := range r.of("") {
		if d.Key == "2" && r.at(i).Sub(r.at(0)) > traits.Margin {
			t.Errorf("the other key waited %s", r.at(i).Sub(r.at(0)))
		}
	}
}

func mendsItself(t *testing.T, b event.Bus) {
	r := recorder{handle: func(d event.Delivery) error {
		if d.Attempts < len(event.DefaultLadder()) {
			return errFault
		}
		return nil
	}}
	stop := consume(t, b, first, 10, r.Handle)
	publish(t, b, made(onlyFirst, "1", 1))
	r.waitFor(t, "1", 4)
	stop()
	emptied(t, b, first)
	dead(t, b, first, 0)
}

func (traits Traits) poison(t *testing.T, b event.Bus) {
	var r recorder
	consume(t, b, first, 10, event.Mux(event.On(onlyFirst, func(ctx context.Context, d event.Delivery, _ struct{ N int64 }) error {
		return r.Handle(ctx, d)
	})))
	broken, unknown := made(onlyFirst, "1", 1), made(shared, "1", 2)
	broken.Data = []byte(`{"n":"not a number"}`)
	start := time.Now()
	publish(t, b, broken, unknown, made(onlyFirst, "1", 3))
	r.waitFor(t, "1", 1)
	if waited := r.at(0).Sub(start); waited > 2*traits.Margin {
		t.Errorf("the next good message was handled after %s, want it within %s", waited, 2*traits.Margin)
	}
	equal(t, "handled", sequences(r.of("")), []int64{3})
	letters := dead(t, b, first, 2)
	for i, code := range []string{event.ErrPayload.Code, event.ErrUnknownType.Code} {
		if !strings.Contains(letters[i].Reason, code) || letters[i].Attempts != 1 {
			t.Errorf("dead letter %d: %q after %d attempts, want %s after 1", i+1, letters[i].Reason, letters[i].Attempts, code)
		}
	}
}

func panics(t *testing.T, b event.Bus) {
	r := recorder{handle: func(d event.Delivery) error {
		if d.Key == "bad" {
			panic("index out of range")
		}
		return nil
	}}
	consume(t, b, first, 10, r.Handle)
	publish(t, b, made(onlyFirst, "bad", 1), made(onlyFirst, "good", 1))
	r.waitFor(t, "good", 1)
	if letter := dead(t, b, first, 1)[0]; letter.Key != "bad" || !strings.Contains(letter.Reason, "index out of range") {
		t.Errorf("dead letter %s with reason %q", letter.ID, letter.Reason)
	}
}

// dependencyAway: a long time without the dependency, then everything is handled.
func (traits Traits) dependencyAway(t *testing.T, b event.Bus) {
	const messages = 50
	back := time.Now().Add(traits.Outage)
	var handled recorder
	r := recorder{}
	r.handle = func(d event.Delivery) error {
		if time.Now().Before(back) {
			return fmt.Errorf("ask for the contact: %w", errs.ErrUnavailable)
		}
		return handled.Handle(t.Context(), d)
	}
	consume(t, b, first, 10, r.Handle)
	for n := range int64(messages) {
		publish(t, b, made(onlyFirst, fmt.Sprint(n%7), n/7+1))
	}
	handled.waitFor(t, "", messages)
	if took := time.Since(back); took > 15*time.Second {
		t.Errorf("the last message was handled %s after the dependency came back", took)
	}
	tries := 0
	for _, d := range r.of("") {
		if d.Attempts != 0 {
			t.Errorf("%s was counted %d attempts", d.ID, d.Attempts)
		}
		tries++
	}
	if tries -= messages; tries < 5 || tries > 60 {
		t.Errorf("%d tries in an outage of %s, want a few with growing waits", tries, traits.Outage)
	}
	for k := range 7 {
		d := handled.of(fmt.Sprint(k))
		equal(t, fmt.Sprintf("sequences of key %d", k), sequences(d), count(int64(len(d))))
	}
	dead(t, b, first, 0)
}

func oneWithoutDependency(t *testing.T, b event.Bus) {
	const messages = 200
	r := recorder{}
	r.handle = func(d event.Delivery) error {
		if d.Key == "lost" {
			return errs.ErrUnavailable
		}
		return nil
	}
	consume(t, b, first, 10, r.Handle)
	publish(t, b, made(onlyFirst, "lost", 1))
	r.waitFor(t, "lost", 3)
	start := time.Now()
	for n := range int64(messages) {
		publish(t, b, made(onlyFirst, fmt.Sprint(n), 1))
	}
	r.waitFor(t, "", messages+len(r.of("lost")))
	for n := range messages {
		r.waitFor(t, fmt.Sprint(n), 1)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("the others took %s", took)
	}
	dead(t, b, first, 0)
}

func deadLetters(t *testing.T, b event.Bus) {
	var broken atomic.Bool
	broken.Store(true)
	r := recorder{handle: func(event.Delivery) error {
		if broken.Load() {
			return errs.New(errs.Invalid, "not_mended_yet")
		}
		return nil
	}}
	consume(t, b, first, 1, r.Handle)
	const letters = 5
	for n := range int64(letters) {
		publish(t, b, made(onlyFirst, "1", n+1))
	}
	list := dead(t, b, first, letters)
	for i, d := range list {
		if d.Sequence != int64(i)+1 {
			t.Errorf("dead letter %d has sequence %d, want the oldest first", i+1, d.Sequence)
		}
	}
	if some, err := b.List(t.Context(), first, 2); err != nil || len(some) != 2 || some[0].ID != list[0].ID {
		t.Errorf("List of 2 = %d, %v; want the 2 oldest", len(some), err)
	}
	if other, err := b.List(t.Context(), second, 10); err != nil || len(other) != 0 {
		t.Errorf("the other queue has the dead letters %v, %v", other, err)
	}
	broken.Store(false)
	if n, err := b.Replay(t.Context(), first, list[1].ID, "no such id"); err != nil || n != 1 {
		t.Errorf("Replay of one = %d, %v; want 1", n, err)
	}
	r.waitFor(t, "1", letters+1)
	if got := r.of("1")[letters]; got.ID != list[1].ID || got.Attempts != 0 || got.Trace["traceparent"] == "" {
		t.Errorf("replayed %s with %d attempts, want %s with none", got.ID, got.Attempts, list[1].ID)
	}
	if n, err := b.Replay(t.Context(), first); err != nil || n != letters-1 {
		t.Errorf("Replay of all = %d, %v; want %d", n, err, letters-1)
	}
	r.waitFor(t, "1", 2*letters)
	equal(t, "replayed", sequences(r.of("1")[letters:]), []int64{2, 1, 3, 4, 5})
	dead(t, b, first, 0)
	if n, err := b.Replay(t.Context(), first); err != nil || n != 0 {
		t.Errorf("Replay of none = %d, %v; want 0", n, err)
	}
}
