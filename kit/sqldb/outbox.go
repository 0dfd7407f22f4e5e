package sqldb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"shop/kit/event"
	"shop/kit/telemetry"
)

// Outbox keeps events from being lost between the database and the broker: they
// are written in the transaction of what they tell, and a Relay publishes them
// afterwards, for as long as it takes. Its table is made by OutboxSchema.
type Outbox struct {
	db      *DB
	tel     *telemetry.Telemetry
	now     func() time.Time
	newID   func() string
	wake    chan struct{}
	metrics *outboxMetrics
	hold    hold

	system, exchange string // Of the publisher, in traces.
	added            Repository[addedEvent]
}

// OutboxOption changes a default of an Outbox.
type OutboxOption func(*outboxOptions)

type outboxOptions struct {
	now       func() time.Time
	newID     func() string
	types     []string
	publisher event.Publisher
}

// Clock sets the source of time; the default is time.Now.
func Clock(now func() time.Time) OutboxOption {
	return func(o *outboxOptions) { o.now = now }
}

// IDs sets the source of event ids; the default makes UUIDs of version 7.
func IDs(newID func() string) OutboxOption {
	return func(o *outboxOptions) { o.newID = newID }
}

// EventTypes names the event types, so that their metrics exist from the start
// and the first event is seen as an increase.
func EventTypes(types ...string) OutboxOption {
	return func(o *outboxOptions) { o.types = append(o.types, types...) }
}

// For names the publisher that the events are for, as traces call it.
func For(p event.Publisher) OutboxOption {
	return func(o *outboxOptions) { o.publisher = p }
}

// NewOutbox returns the outbox in db. Its metrics begin with the service's name:
// order_outbox_pending.
func NewOutbox(db *DB, tel *telemetry.Telemetry, service string, opts ...OutboxOption) *Outbox {
	options := outboxOptions{now: time.Now, newID: newUUID}
	for _, opt := range opts {
		opt(&options)
	}
	o := &Outbox{
		db: db, tel: tel, now: options.now, newID: options.newID, wake: make(chan struct{}, 1),
		added: NewRepository[addedEvent]("outbox"),
	}
	o.system, o.exchange = event.Messaging(options.publisher)
	o.metrics = newOutboxMetrics(o, service, options.types)
	return o
}

func newUUID() string { return uuid.Must(uuid.NewV7()).String() }

// addedEvent is a row of the outbox as it is added.
type addedEvent struct {
	ID         string `db:"id"`
	Type       string `db:"type"`
	Key        string `db:"key"`
	Sequence   int64  `db:"sequence"`
	Payload    string `db:"payload"`
	Trace      string `db:"trace"`
	OccurredAt Micros `db:"occurred_at"`
}

// Add writes events in tx. A missing ID, OccurredAt or Trace is filled in, the
// trace from ctx. Relays of this process are told once tx is committed. A
// sequence that the key has had is ErrDuplicate. The events of one key must be
// added in the order of their sequence by transactions that exclude each other,
// as those do that change the row which the sequence counts.
func (o *Outbox) Add(ctx context.Context, tx *Tx, events ...event.Event) error {
	writes, err := o.Additions(ctx, tx, events...)
	if err != nil {
		return err
	}
	for _, w := range writes {
		if _, err := tx.Exec(ctx, w.Query, w.Args...); err != nil {
			return fmt.Errorf("add event to the outbox: %w", err)
		}
	}
	return nil
}

// Additions is Add without its last step: the caller runs the writes in tx,
// Together with others.
func (o *Outbox) Additions(ctx context.Context, tx *Tx, events ...event.Event) ([]Write, error) {
	writes := make([]Write, len(events))
	for i, e := range events {
		w, err := o.addition(ctx, e)
		if err != nil {
			return nil, fmt.Errorf("add event %q of %q to the outbox: %w", e.Type, e.Key, err)
		}
		writes[i] = w
	}
	if len(events) > 0 {
		tx.AfterCommit(o.Wake)
	}
	return writes, nil
}

func (o *Outbox) addition(ctx context.Context, e event.Event) (Write, error) {
	if e.Type == "" || e.Key == "" || e.Sequence < 1 {
		return Write{}, errors.New("type, key and a sequence from 1 are required")
	}
	if !json.Valid(e.Data) {
		return Write{}, errors.New("its data is not JSON")
	}
	if e.ID == "" {
		e.ID = o.newID()
	}
	if e.OccurredAt.IsZero() {
		e.OccurredAt = o.now()
	}
	if len(e.Trace) == 0 {
		e.Trace = o.created(ctx, e)
	}
	trace, err := json.Marshal(e.Trace)
	if err != nil {
		return Write{}, err
	}
	return o.added.Creation(addedEvent{
		ID: e.ID, Type: e.Type, Key: e.Key, Sequence: e.Sequence,
		Payload: string(e.Data), Trace: string(trace), OccurredAt: From(e.OccurredAt),
	}), nil
}

// created returns the trace context of an event's creation: a span of its own
// where the request is recorded, so that all that follows has one origin.
func (o *Outbox) created(ctx context.Context, e event.Event) map[string]string {
	if trace.SpanFromContext(ctx).IsRecording() {
		var span trace.Span
		ctx, span = o.tel.Tracer.Start(ctx, "create "+e.Type, trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
			semconv.MessagingOperationName("create"), semconv.MessagingOperationTypeCreate), trace.WithAttributes(o.messaging(e)...))
		defer span.End()
	}
	carrier := propagation.MapCarrier{}
	o.tel.Propagator.Inject(ctx, carrier)
	return carrier
}

// messaging is what the spans of an event's creation and publish have in common.
func (o *Outbox) messaging(e event.Event) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		semconv.MessagingRabbitMQDestinationRoutingKey(e.Type),
		semconv.MessagingMessageID(e.ID), semconv.MessagingMessageConversationID(e.Key),
	}
	if o.system != "" {
		attributes = append(attributes,
			semconv.MessagingSystemKey.String(o.system), semconv.MessagingDestinationName(o.exchange+":"+e.Type))
	}
	return attributes
}

// Wake tells a relay of this process that there is something to publish.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // It has been told and has not looked yet.
	}
}

const countPending = `SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS n,
	(SELECT occurred_at FROM outbox WHERE sent_at IS NULL ORDER BY position LIMIT 1) AS first`

// Pending returns how many events wait to be published and how long ago the
// first of them occurred; 0, 0 when there are none.
func (o *Outbox) Pending(ctx context.Context) (n int64, oldest time.Duration, err error) {
	var row struct {
		N     int64   `db:"n"`
		First *Micros `db:"first"`
	}
	if err := o.db.Get(ctx, &row, countPending); err != nil {
		return 0, 0, fmt.Errorf("count the outbox: %w", err)
	}
	if row.First != nil {
		oldest = max(0, o.now().Sub(row.First.Time()))
	}
	return row.N, oldest, nil
}

// StoredEvent is an event in the outbox.
type StoredEvent struct {
	event.Event
	SentAt    time.Time // UTC; zero: not confirmed yet.
	Attempts  int       // Tries to publish it, the one that succeeded included.
	LastError string    // Why the latest try failed; "" once it is sent.
}

// Of returns the events of key by their sequence, as far as they are still kept.
func (o *Outbox) Of(ctx context.Context, key string) ([]StoredEvent, error) {
	var rows []eventRow
	if err := o.db.Select(ctx, &rows, `SELECT `+eventColumns+`, sent_at, last_error FROM outbox WHERE key = ? ORDER BY sequence`, key); err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	events := make([]StoredEvent, len(rows))
	for i, row := range rows {
		events[i] = StoredEvent{Event: row.event(), Attempts: row.Attempts, LastError: row.LastError}
		if row.SentAt != nil {
			events[i].SentAt = row.SentAt.Time()
		}
	}
	return events, nil
}

const (
	purgeBatch = 500
	purgeSent  = `DELETE FROM outbox WHERE position IN (
		SELECT position FROM outbox WHERE sent_at IS NOT NULL AND sent_at < ? ORDER BY sent_at LIMIT ?)`
)

// Purge removes the events that were sent before t, in small transactions, and
// returns how many.
func (o *Outbox) Purge(ctx context.Context, t time.Time) (removed int64, err error) {
	for {
		n, err := o.db.Exec(ctx, purgeSent, From(t), purgeBatch)
		removed += n
		if err != nil {
			return removed, fmt.Errorf("purge the outbox: %w", err)
		}
		if n < purgeBatch {
			return removed, nil
		}
	}
}

// eventColumns are those of an eventRow that every query needs.
const eventColumns = `position, id, type, key, sequence, payload, trace, occurred_at, attempts`

// eventRow is a row of the outbox.
type eventRow struct {
	addedEvent
	Position  int64   `db:"position"`
	Attempts  int     `db:"attempts"`
	SentAt    *Micros `db:"sent_at"`
	LastError string  `db:"last_error"`
	Earlier   int     `db:"earlier"` // Unsent events of the key before this one, when it was claimed.
}

func (r eventRow) event() event.Event {
	e := event.Event{
		ID: r.ID, Type: r.Type, Key: r.Key, Sequence: r.Sequence,
		OccurredAt: r.OccurredAt.Time(), Data: json.RawMessage(r.Payload),
	}
	if err := json.Unmarshal([]byte(r.Trace), &e.Trace); err != nil {
		e.Trace = nil // Somebody wrote into the table by hand: the event matters more than its trace.
	}
	return e
}
