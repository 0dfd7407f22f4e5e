// Package sqlite is the bus as one SQLite file that several processes of a
// machine share: durable, with no broker to run.
//
// Publishing is one transaction that puts a row into every queue bound to the
// event's type. A consumer claims messages for a lease that it renews while it
// works; when it dies, another takes them over after the lease, so a message can
// be delivered twice, never not at all. A message that waits for a retry holds
// back the later ones of its key, so their order stays that of publication.
package sqlite

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/bus/internal/dispatch"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
)

//go:embed schema
var schema embed.FS

const (
	defaultLease = 10 * time.Second
	// poll is how often a consumer looks whether another process has changed the
	// file. A look takes microseconds.
	poll = 25 * time.Millisecond
)

// Bus implements event.Bus on a file.
type Bus struct {
	db       *sqldb.DB
	topology event.Topology
	tel      *telemetry.Telemetry
	now      func() time.Time
	newID    func() string
	lease    time.Duration

	mu       sync.Mutex
	watchers []chan struct{} // Of this process's consumers.
}

var _ event.Bus = (*Bus)(nil)

// Option changes a default of Open.
type Option func(*Bus)

// WithClock makes waits and leases go by now.
func WithClock(now func() time.Time) Option { return func(b *Bus) { b.now = now } }

// WithLease is after how long the messages of a consumer that died are taken
// over; 10 s by default.
func WithLease(d time.Duration) Option { return func(b *Bus) { b.lease = d } }

// Open opens the bus in the file at path, which is made when it is missing, and
// declares the queues and bindings of topology. The error is one clear line.
func Open(ctx context.Context, path string, topology event.Topology, tel *telemetry.Telemetry, options ...Option) (*Bus, error) {
	b := &Bus{topology: topology, tel: tel, now: time.Now, newID: uuid.NewString, lease: defaultLease}
	for _, option := range options {
		option(b)
	}
	var err error
	// One reader: a connection sees the changes of all others, itself not counted
	// (see watch).
	b.db, err = sqldb.Open(ctx, "sqlite:///"+path, sqldb.Options{Tel: tel, MaxConns: 1})
	if err != nil {
		return nil, fmt.Errorf("open the bus: %w", err)
	}
	if err := b.declare(ctx); err != nil {
		return nil, fmt.Errorf("open the bus %s: %w", path, errors.Join(err, b.db.Close()))
	}
	return b, nil
}

// declare brings the file to this program's schema and adds the bindings.
func (b *Bus) declare(ctx context.Context) error {
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		return err
	}
	migrator, err := sqldb.NewMigrator(b.db, files)
	if err != nil {
		return err
	}
	if _, err := migrator.Up(ctx); err != nil {
		return err
	}
	return b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for _, q := range b.topology.Queues {
			for _, typ := range q.Types {
				if _, err := tx.Exec(ctx, `INSERT INTO bindings (type, queue) VALUES (?, ?) ON CONFLICT DO NOTHING`, typ, q.Name); err != nil {
					return fmt.Errorf("bind %s to %s: %w", typ, q.Name, err)
				}
			}
		}
		return nil
	})
}

// Publish implements event.Publisher.
func (b *Bus) Publish(ctx context.Context, events []event.Event) []error {
	results := make([]error, len(events))
	if len(events) == 0 {
		return results
	}
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for i, e := range events {
			queues, err := publish(ctx, tx, e)
			if err != nil {
				return err
			}
			if queues == 0 {
				results[i] = event.ErrReturned.With("type", e.Type)
			}
		}
		return nil
	})
	if err != nil {
		err = unavailable(fmt.Errorf("publish %d events: %w", len(events), err))
		for i := range results {
			results[i] = err
		}
		return results
	}
	b.changed()
	return results
}

// publish puts e into every queue that is bound to its type.
func publish(ctx context.Context, tx *sqldb.Tx, e event.Event) (queues int64, err error) {
	trace, err := json.Marshal(e.Trace)
	if err != nil {
		return 0, err
	}
	return tx.Exec(ctx, `
		INSERT INTO messages (queue, id, type, key, sequence, occurred_at, data, trace, first)
		SELECT b.queue, ?, b.type, ?, ?, ?, ?, ?,
		       ? = '' OR NOT EXISTS (SELECT 1 FROM messages m WHERE m.queue = b.queue AND m.key = ?)
		FROM bindings b WHERE b.type = ?`,
		e.ID, e.Key, e.Sequence, sqldb.From(e.OccurredAt), bytes(e.Data), string(trace), e.Key, e.Key, e.Type)
}

// Subscribe implements event.Subscriber.
func (b *Bus) Subscribe(ctx context.Context, name string, prefetch int, h event.Handler) error {
	if _, ok := b.topology.Queue(name); !ok {
		return fmt.Errorf("subscribe to %q: no such queue", name)
	}
	s := &store{bus: b, queue: name, owner: b.newID(), changes: make(chan struct{}, 1)}
	b.mu.Lock()
	b.watchers = append(b.watchers, s.changes)
	b.mu.Unlock()
	var watching sync.WaitGroup
	watched, stop := context.WithCancel(ctx)
	watching.Go(func() { s.watch(watched) })
	defer func() {
		stop()
		watching.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.watchers = slices.DeleteFunc(b.watchers, func(w chan struct{}) bool { return w == s.changes })
	}()
	err := dispatch.Consumer{
		Store: s, Prefetch: max(prefetch, 1), Handle: h, Ladder: event.DefaultLadder(), Now: b.now,
		Renewal: b.lease / 3,
		Report: func(err error) {
			if err != nil {
				b.tel.Log.WarnContext(ctx, "bus is away", "queue", name, "error", err)
			} else {
				b.tel.Log.InfoContext(ctx, "bus is back", "queue", name)
			}
		},
	}.Run(ctx)
	if err != nil {
		return fmt.Errorf("consume %s: %w", name, err)
	}
	return nil
}

// system is what a queue file is called in traces.
const system = "sqlite"

var _ event.Named = (*Bus)(nil)

// Messaging implements event.Named.
func (b *Bus) Messaging() (name, exchange string) { return system, b.topology.Exchange }

// Ping implements event.Bus.
func (b *Bus) Ping(ctx context.Context) error {
	if err := b.db.Ping(ctx); err != nil {
		return unavailable(fmt.Errorf("reach the bus: %w", err))
	}
	return nil
}

// Depth implements event.Bus.
func (b *Bus) Depth(ctx context.Context, queue string) (event.Depth, error) {
	var d struct {
		Total    int64 `db:"total"`
		InFlight int64 `db:"in_flight"`
		Dead     int64 `db:"dead"`
	}
	err := b.db.Get(ctx, &d, `
		SELECT COUNT(*) AS total,
		       COALESCE(SUM(owner <> '' AND due_at > ?), 0) AS in_flight,
		       (SELECT COUNT(*) FROM dead_letters WHERE queue = ?) AS dead
		FROM messages WHERE queue = ?`, sqldb.From(b.now()), queue, queue)
	if err != nil {
		return event.Depth{}, unavailable(fmt.Errorf("depth of %s: %w", queue, err))
	}
	return event.Depth{Waiting: d.Total - d.InFlight, InFlight: d.InFlight, Dead: d.Dead}, nil
}

// Close implements event.Bus.
func (b *Bus) Close() error {
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("close the bus: %w", err)
	}
	return nil
}

// changed wakes the consumers of this process.
func (b *Bus) changed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.watchers {
		signal(w)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // It has not yet noticed the signal before.
	}
}

// unavailable gives an error of the file its kind: whatever it is, the bus is
// away, and what was tried may be tried again.
func unavailable(err error) error {
	if errs.KindOf(err) == errs.Unavailable {
		return err
	}
	return errs.ErrUnavailable.Wrap(err)
}
