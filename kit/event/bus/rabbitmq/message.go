package rabbitmq

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/errs"
	"shop/kit/event"
)

// The headers of a message. Those of a dead letter come last.
const (
	headerTraceparent = "traceparent"
	headerTracestate  = "tracestate"
	headerKey         = "key"
	headerSequence    = "sequence"
	headerOccurredAt  = "occurred_at" // Microseconds since 1970; AMQP's own timestamp has seconds.
	headerAttempts    = "attempts"
	headerQueue       = "queue"
	headerReason      = "reason"
	headerDeadAt      = "dead_at" // Microseconds since 1970.
)

const (
	contentType = "application/json"
	maxBody     = 1 << 20 // bytes, as of every body; a real event has a few hundred.
	maxShort    = 255     // bytes of what AMQP calls a short string: ids, types, routing keys.
	maxTrace    = 512     // bytes, https://www.w3.org/TR/trace-context/#tracestate-limits.
)

// errLong says that an event can't be a message.
var errLong = errs.New(errs.Invalid, "event_too_long")

// envelope is the body of a message.
type envelope struct {
	Event *string         `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// encode returns the message that carries e.
func encode(e event.Event) (amqp.Publishing, error) {
	if len(e.ID) > maxShort || len(e.Type) > maxShort || len(e.Key) > maxShort {
		return amqp.Publishing{}, errLong.With("bytes", max(len(e.ID), len(e.Type), len(e.Key)))
	}
	body, err := encodeBody(e)
	if err != nil {
		return amqp.Publishing{}, err
	}
	return message(e, body, contentType, 0), nil
}

// encodeBody leaves the payload as it is, to the byte.
func encodeBody(e event.Event) ([]byte, error) {
	typ, err := json.Marshal(e.Type)
	if err != nil {
		return nil, fmt.Errorf("encode the type: %w", err)
	}
	data := e.Data
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	return bytes.Join([][]byte{[]byte(`{"event":`), typ, []byte(`,"data":`), data, []byte(`}`)}, nil), nil
}

// message is body with the properties and headers of e. It is also what becomes
// of a delivery that goes on to another queue: headers of strangers stay behind,
// they could be larger than a frame.
func message(e event.Event, body []byte, contentType string, attempts int) amqp.Publishing {
	headers := amqp.Table{
		headerSequence: e.Sequence, headerOccurredAt: e.OccurredAt.UnixMicro(), headerAttempts: int64(attempts),
	}
	for name, value := range map[string]string{
		headerKey: e.Key, headerTraceparent: e.Trace[headerTraceparent], headerTracestate: e.Trace[headerTracestate],
	} {
		if value != "" {
			headers[name] = value
		}
	}
	return amqp.Publishing{
		Headers: headers, ContentType: contentType, DeliveryMode: amqp.Persistent,
		MessageId: e.ID, Timestamp: e.OccurredAt, Type: e.Type, Body: body,
	}
}

// decode reads a message. What a stranger has left out is made up as well as it
// can be: the id from the body, so that it stays the same; no key, no sequence.
// A message that can't be read becomes a delivery that says so, with its whole
// body as the payload.
func decode(d amqp.Delivery, queue string, now time.Time) event.Delivery {
	e := event.Event{
		ID: d.MessageId, Type: d.Type, Key: text(d.Headers, headerKey, maxShort), Sequence: number(d.Headers, headerSequence),
		OccurredAt: occurredAt(d, now), Data: d.Body, Trace: traceOf(d.Headers),
	}
	if e.ID == "" {
		e.ID = uuid.NewHash(sha256.New(), uuid.Nil, d.Body, 8).String()
	}
	if e.Type == "" {
		e.Type = d.RoutingKey
	}
	attempts := number(d.Headers, headerAttempts)
	delivery := event.Delivery{Event: e, Queue: queue, System: system, Attempts: int(max(0, min(attempts, int64(len(event.DefaultLadder())))))}
	body, err := decodeBody(d.Body)
	if err != nil {
		delivery.Fault = event.ErrPayload.Wrap(err)
		return delivery
	}
	delivery.Type, delivery.Data = *body.Event, body.Data
	return delivery
}

var (
	errNoEvent = errors.New(`the body has no "event"`)
	errType    = errors.New(`"event" is too long`)
	errNoData  = errors.New(`"data" is not an object`)
)

func decodeBody(b []byte) (envelope, error) {
	var e envelope
	if len(b) > maxBody {
		return e, fmt.Errorf("the body has %d bytes, at most %d are read", len(b), maxBody)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("the body is no event: %w", err)
	}
	switch {
	case e.Event == nil || *e.Event == "":
		return e, errNoEvent
	case len(*e.Event) > maxShort:
		return e, errType
	case !bytes.HasPrefix(e.Data, []byte("{")):
		return e, errNoData
	}
	return e, nil
}

func occurredAt(d amqp.Delivery, now time.Time) time.Time {
	switch micros := number(d.Headers, headerOccurredAt); {
	case micros > 0:
		return time.UnixMicro(micros).UTC()
	case !d.Timestamp.IsZero():
		return d.Timestamp.UTC()
	default:
		return now.UTC().Truncate(time.Microsecond)
	}
}

func traceOf(headers amqp.Table) map[string]string {
	parent := text(headers, headerTraceparent, maxTrace)
	if parent == "" {
		return nil
	}
	trace := map[string]string{headerTraceparent: parent}
	if state := text(headers, headerTracestate, maxTrace); state != "" {
		trace[headerTracestate] = state
	}
	return trace
}

// text returns a header; "" if it is missing, no text, or longer than most.
func text(headers amqp.Table, name string, most int) string {
	var s string
	switch v := headers[name].(type) {
	case string:
		s = v
	case []byte:
		s = string(v)
	}
	if len(s) > most {
		return ""
	}
	return s
}

// number returns a header; 0 if it is missing or no whole number. Clients differ
// in the width they send.
func number(headers amqp.Table, name string) int64 {
	switch v := headers[name].(type) {
	case int64:
		return v
	case int32:
		return int64(v)
	case int16:
		return int64(v)
	case int8:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case int:
		return int64(v)
	}
	return 0
}

// buried returns what becomes of a delivery that is given up.
func buried(d event.Delivery, body []byte, contentType string, attempts int, reason string, at time.Time) amqp.Publishing {
	m := message(d.Event, body, contentType, attempts)
	m.Headers[headerQueue] = d.Queue
	m.Headers[headerReason] = reason
	m.Headers[headerDeadAt] = at.UnixMicro()
	return m
}

// maxReason bounds the reason that a dead letter is read with.
const maxReason = 2000 // bytes

// decodeDead reads a message of the dead-letter queue of queue. One that the
// broker itself has put there says why in headers of its own.
func decodeDead(d amqp.Delivery, queue string, now time.Time) event.DeadLetter {
	read := decode(d, queue, now)
	letter := event.DeadLetter{
		Event: read.Event, Queue: queue, Attempts: int(max(0, number(d.Headers, headerAttempts))),
		Reason: text(d.Headers, headerReason, maxReason), DeadAt: now.UTC(),
	}
	if at := number(d.Headers, headerDeadAt); at > 0 {
		letter.DeadAt = time.UnixMicro(at).UTC()
	}
	if letter.Reason == "" {
		letter.Reason = "dead-lettered by the broker: " + text(d.Headers, "x-first-death-reason", maxReason)
		if at := brokerDeadAt(d.Headers); !at.IsZero() {
			letter.DeadAt = at.UTC()
		}
	}
	return letter
}

// brokerDeadAt returns when the broker gave a message up, the zero time if it did
// not.
func brokerDeadAt(headers amqp.Table) time.Time {
	deaths, ok := headers["x-death"].([]any)
	if !ok || len(deaths) == 0 {
		return time.Time{}
	}
	death, ok := deaths[0].(amqp.Table)
	if !ok {
		return time.Time{}
	}
	at, ok := death["time"].(time.Time)
	if !ok {
		return time.Time{}
	}
	return at
}
