package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shop/kit/event"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// TestEventsOfAKeyStayInOrder adds events, publishes them through a broker that
// fails at random (refuses some, stores some whose confirm is lost, takes the
// relay down with it before or after storing) and lets time pass. In the end
// every event has arrived, and none before an earlier one of its key.
func TestEventsOfAKeyStayInOrder(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		clock := testkit.NewClock(time.Time{})
		relays := []*sqldb.Outbox{
			sqldb.NewOutbox(db, telemetry.Nop(), "order", sqldb.Clock(clock.Now)),
			sqldb.NewOutbox(db, telemetry.Nop(), "order", sqldb.Clock(clock.Now)),
		}
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			next := map[string]int64{}
			b := &broker{}
			for range rapid.IntRange(1, 15).Draw(r, "steps") {
				o := rapid.SampledFrom(relays).Draw(r, "relay")
				switch rapid.SampledFrom([]string{"add", "add", "publish", "publish", "wait"}).Draw(r, "step") {
				case "add":
					var events []event.Event
					for range rapid.IntRange(1, 4).Draw(r, "events") {
						key := fmt.Sprintf("%d-%d", round, rapid.IntRange(0, 2).Draw(r, "key"))
						next[key]++
						events = append(events, created(key, next[key]))
					}
					add(t, db, o, events...)
				case "publish":
					faulty(t, r, o, b)
				case "wait":
					clock.Advance(time.Duration(rapid.IntRange(0, 60).Draw(r, "seconds")) * time.Second)
				}
			}
			for range 3 { // Whatever is leased or backing off is due by then.
				clock.Advance(5 * time.Minute)
				flush(t, relays[0], b, batchOf(r))
			}
			arrivedInOrder(t, b, next)
		})
	})
}

func batchOf(r *rapid.T) sqldb.RelayOption {
	return quick(sqldb.RelaySettings{Batch: rapid.IntRange(1, 6).Draw(r, "batch")})
}

// faulty runs a relay on a broker that fails at random.
func faulty(t *testing.T, r *rapid.T, o *sqldb.Outbox, b *broker) {
	t.Helper()
	fails := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "refused", "returned", "confirm lost", "dies before", "dies after"}), 3, 3).Draw(r, "fails")
	n := 0
	var wg sync.WaitGroup
	wg.Go(func() { // A relay that dies ends its goroutine in the middle.
		flush(t, o, publisher(func(ctx context.Context, events []event.Event) []error {
			results := make([]error, len(events))
			for i, e := range events {
				fail := fails[n%len(fails)]
				n++
				switch fail {
				case "refused":
					results[i] = errors.New("refused")
					continue
				case "returned":
					results[i] = event.ErrReturned
					continue
				case "dies before":
					runtime.Goexit()
				}
				b.Publish(ctx, []event.Event{e})
				switch fail {
				case "confirm lost":
					results[i] = errors.New("confirm lost")
				case "dies after":
					runtime.Goexit()
				}
			}
			return results
		}), batchOf(r))
	})
	wg.Wait()
}

type publisher func(context.Context, []event.Event) []error

func (p publisher) Publish(ctx context.Context, events []event.Event) []error { return p(ctx, events) }

func arrivedInOrder(t *testing.T, b *broker, want map[string]int64) {
	t.Helper()
	seen, ids := map[string]int64{}, map[string]string{}
	for _, e := range b.stored {
		if e.Sequence > seen[e.Key]+1 {
			t.Fatalf("%s/%d arrived before %d: %v", e.Key, e.Sequence, seen[e.Key]+1, b.names())
		}
		seen[e.Key] = max(seen[e.Key], e.Sequence)
		name := fmt.Sprint(e.Key, "/", e.Sequence)
		if ids[name] != "" && ids[name] != e.ID {
			t.Fatalf("%s came with two ids", name)
		}
		ids[name] = e.ID
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Fatalf("arrived: %v, want %v", seen, want)
	}
}
