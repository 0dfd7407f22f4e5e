package rabbitmq

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/errs"
	"shop/kit/event"
)

var noon = time.Date(2026, time.May, 17, 12, 0, 0, 123456000, time.UTC)

// delivered is p as a consumer gets it.
func delivered(p amqp.Publishing) amqp.Delivery {
	return amqp.Delivery{
		Headers: p.Headers, ContentType: p.ContentType, MessageId: p.MessageId,
		Timestamp: p.Timestamp.Truncate(time.Second), Type: p.Type, Body: p.Body, RoutingKey: "order.created",
	}
}

func alike(a, b event.Event) bool {
	return a.ID == b.ID && a.Type == b.Type && a.Key == b.Key && a.Sequence == b.Sequence &&
		a.OccurredAt.Equal(b.OccurredAt) && bytes.Equal(a.Data, b.Data) && maps.Equal(a.Trace, b.Trace)
}

func TestTheMessageIsWhatTheContractSays(t *testing.T) {
	e := event.Event{
		ID: "0198a6f0-0000-7000-8000-000000000001", Type: "order.created", Key: "7", Sequence: 1, OccurredAt: noon,
		Data:  json.RawMessage(`{"product_name":"Bàn phím <a&b>","unit_price":19.90}`),
		Trace: map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=b"},
	}
	m, err := encode(e)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(m.Body), `{"event":"order.created","data":{"product_name":"Bàn phím <a&b>","unit_price":19.90}}`; got != want {
		t.Errorf("body %s, want %s", got, want)
	}
	if m.ContentType != "application/json" || m.DeliveryMode != amqp.Persistent || m.MessageId != e.ID || m.Type != e.Type || !m.Timestamp.Equal(noon) {
		t.Errorf("properties %+v", m)
	}
	want := amqp.Table{
		"traceparent": e.Trace["traceparent"], "tracestate": "a=b", "key": "7", "sequence": int64(1),
		"occurred_at": noon.UnixMicro(), "attempts": int64(0),
	}
	if !maps.Equal(m.Headers, want) {
		t.Errorf("headers %v, want %v", m.Headers, want)
	}
	if d := decode(delivered(m), "q", noon); d.Fault != nil || !alike(d.Event, e) || d.Attempts != 0 || d.Queue != "q" {
		t.Errorf("read as %+v", d)
	}
	e.ID = strings.Repeat("x", 256)
	if _, err := encode(e); errs.KindOf(err) != errs.Invalid {
		t.Errorf("an id that no message can have: %v", err)
	}
}

// TestMessagesOfTheOldSystem: only a body, and perhaps a timestamp.
func TestMessagesOfTheOldSystem(t *testing.T) {
	old := amqp.Delivery{Body: []byte(`{"event": "order.created", "data": {"order_id": 7}}`), RoutingKey: "order.created"}
	d := decode(old, "q", noon)
	if d.Fault != nil || d.Type != "order.created" || string(d.Data) != `{"order_id": 7}` || d.Key != "" || d.Sequence != 0 ||
		d.Trace != nil || !d.OccurredAt.Equal(noon) || d.Attempts != 0 {
		t.Errorf("read as %+v", d)
	}
	if again := decode(old, "q", noon.Add(time.Hour)); again.ID != d.ID || len(d.ID) != 36 {
		t.Errorf("the ids are %q and %q, want one UUID", d.ID, again.ID)
	}
	other := old
	other.Body = []byte(`{"event": "order.created", "data": {"order_id": 8}}`)
	if decode(other, "q", noon).ID == d.ID {
		t.Error("two messages have one id")
	}
	old.Timestamp = noon.Truncate(time.Second)
	if at := decode(old, "q", noon.Add(time.Hour)).OccurredAt; !at.Equal(old.Timestamp) {
		t.Errorf("occurred at %s, want its timestamp", at)
	}
}

func TestWhatCanNotBeRead(t *testing.T) {
	for name, tt := range map[string]struct{ body, reason string }{
		"no JSON":           {`hello`, "the body is no event"},
		"nothing":           {``, "the body is no event"},
		"half a message":    {`{"event":"order.created","data":{`, "the body is no event"},
		"two messages":      {`{"event":"a","data":{}}{}`, "the body is no event"},
		"a list":            {`[1]`, "the body is no event"},
		"no event":          {`{"data":{}}`, `no "event"`},
		"an empty event":    {`{"event":"","data":{}}`, `no "event"`},
		"a number as event": {`{"event":5,"data":{}}`, "the body is no event"},
		"a huge event":      {`{"event":"` + strings.Repeat("x", 256) + `","data":{}}`, "too long"},
		"no data":           {`{"event":"order.created"}`, `"data" is not an object`},
		"null as data":      {`{"event":"order.created","data":null}`, `"data" is not an object`},
		"a text as data":    {`{"event":"order.created","data":"{}"}`, `"data" is not an object`},
		"10 MiB":            {`{"event":"order.created","data":{"x":"` + strings.Repeat("x", 10<<20) + `"}}`, "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			d := decode(amqp.Delivery{Body: []byte(tt.body), RoutingKey: "order.created", Type: "t"}, "q", noon)
			if errs.KindOf(d.Fault) != errs.Invalid || !strings.Contains(d.Fault.Error(), tt.reason) {
				t.Errorf("fault %v, want it to say %q", d.Fault, tt.reason)
			}
			if string(d.Data) != tt.body || d.Type != "t" || d.ID == "" {
				t.Errorf("type %q, id %q, %d bytes of data", d.Type, d.ID, len(d.Data))
			}
		})
	}
}

// Headers of strangers have any type and size. What is not understood counts as
// absent.
func TestHeadersOfStrangers(t *testing.T) {
	for name, headers := range map[string]amqp.Table{
		"other types": {"key": int32(7), "sequence": "first", "occurred_at": true, "attempts": "none", "traceparent": 5},
		"too much":    {"key": strings.Repeat("k", 256), "attempts": int64(-1), "traceparent": strings.Repeat("t", 513)},
	} {
		t.Run(name, func(t *testing.T) {
			d := decode(amqp.Delivery{Headers: headers, Body: []byte(`{"event":"e","data":{}}`)}, "q", noon)
			if d.Fault != nil || d.Key != "" || d.Sequence != 0 || d.Attempts != 0 || d.Trace != nil || !d.OccurredAt.Equal(noon) {
				t.Errorf("read as %+v", d)
			}
		})
	}
	for _, n := range []any{int8(3), int16(3), int32(3), int64(3), uint8(3), uint16(3), uint32(3), 3} {
		if d := decode(amqp.Delivery{Headers: amqp.Table{"attempts": n, "sequence": n}}, "q", noon); d.Attempts != 3 || d.Sequence != 3 {
			t.Errorf("%T is read as %d and %d", n, d.Attempts, d.Sequence)
		}
	}
	if d := decode(amqp.Delivery{Headers: amqp.Table{"attempts": int64(1) << 62}}, "q", noon); d.Attempts != 3 {
		t.Errorf("%d attempts, want no more than the ladder has steps", d.Attempts)
	}
}

// A message that the broker buried itself, after too many deliveries, tells so.
func TestDeadLettersOfTheBroker(t *testing.T) {
	l := decodeDead(amqp.Delivery{
		Body: []byte(`{"event":"e","data":{}}`),
		Headers: amqp.Table{
			"x-first-death-reason": "delivery_limit",
			"x-death":              []any{amqp.Table{"time": noon.Truncate(time.Second), "queue": "q"}},
		},
	}, "q", noon.Add(time.Hour))
	if !strings.Contains(l.Reason, "delivery_limit") || !l.DeadAt.Equal(noon.Truncate(time.Second)) || l.Queue != "q" {
		t.Errorf("read as %+v", l)
	}
	for name, death := range map[string]any{"none": nil, "no list": "x", "empty": []any{}, "no table": []any{1}, "no time": []any{amqp.Table{}}} {
		if l := decodeDead(amqp.Delivery{Headers: amqp.Table{"x-death": death}}, "q", noon); !l.DeadAt.Equal(noon) {
			t.Errorf("%s: dead at %s", name, l.DeadAt)
		}
	}
}

// FuzzDecode: whatever arrives is an event or says why it is none, can be
// published again, and is the same then.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"event":"order.created","data":{"order_id":7}}`), "", "", "7", "00-a-b-01", int64(1))
	f.Add([]byte(`{"event":5}`), "id", "order.created", "", "", int64(-9))
	f.Add([]byte("\xff"), "id", "t", "\x00", "x", int64(1)<<62)
	f.Fuzz(func(t *testing.T, body []byte, id, typ, key, trace string, n int64) {
		if len(id) > maxShort || len(typ) > maxShort {
			return // No message can have that.
		}
		in := amqp.Delivery{
			Body: body, MessageId: id, Type: typ, RoutingKey: "k",
			Headers: amqp.Table{"key": key, "traceparent": trace, "sequence": n, "attempts": n, "occurred_at": n},
		}
		d := decode(in, "q", noon)
		switch {
		case d.ID == "" || d.Type == "" || d.Attempts < 0 || len(d.Key) > maxShort || len(d.Type) > maxShort:
			t.Fatalf("read as %+v", d)
		case d.Fault != nil && (errs.KindOf(d.Fault) != errs.Invalid || !bytes.Equal(d.Data, body)):
			t.Fatalf("fault %v with data %q of %q", d.Fault, d.Data, body)
		case d.Fault == nil && (!json.Valid(d.Data) || d.Data[0] != '{'):
			t.Fatalf("data %q", d.Data)
		}
		m := message(d.Event, body, "", d.Attempts)
		if err := m.Headers.Validate(); err != nil {
			t.Fatal(err)
		}
		out := delivered(m)
		if again := decode(out, "q", noon); !alike(again.Event, d.Event) || again.Attempts != d.Attempts {
			t.Fatalf("read again as %+v, before as %+v", again, d)
		}
		letter := decodeDead(delivered(buried(d, body, "", 4, "why", noon)), "q", noon)
		if letter.Reason != "why" || !letter.DeadAt.Equal(noon) || letter.Attempts != 4 || !alike(letter.Event, d.Event) {
			t.Fatalf("dead letter %+v of %+v", letter, d)
		}
	})
}
