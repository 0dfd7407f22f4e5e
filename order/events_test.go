package order_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"shop/kit/event"
	"shop/kit/testkit"
	"shop/order"
)

// published is an event as the bus got it.
type published struct {
	event.Event
	Status string `json:"status"`
}

// events waits until every event of the order is published and returns them.
func (s *shop) events(id string) []published {
	s.t.Helper()
	dossier := s.dossier(id)
	var events []published
	testkit.Eventually(s.t, 5*time.Second, func() error {
		events = nil
		for _, e := range s.bus.Published() {
			if e.Key != id {
				continue
			}
			p := published{Event: e}
			if err := json.Unmarshal(e.Data, &p); err != nil {
				return err
			}
			events = append(events, p)
		}
		if len(events) < len(dossier.Events) {
			return fmt.Errorf("%d of %d events", len(events), len(dossier.Events))
		}
		return nil
	}, "events of order "+id)
	return events
}

// dossier is the answer of the admin port.
type dossier struct {
	Order       map[string]any
	Reservation struct {
		ID      string `json:"reservation_id"`
		Outcome string
	}
	History []struct {
		Status  string
		At      string
		TraceID string `json:"trace_id"`
	}
	Events []struct {
		ID, Type   string
		Sequence   int64
		OccurredAt string  `json:"occurred_at"`
		SentAt     *string `json:"sent_at"`
		TraceID    string  `json:"trace_id"`
	}
}

// inspect asks the admin port, which no openapi.yaml describes.
func (s *shop) inspect(id string) (status int, body []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.instance.AdminURL()+"/admin/orders/"+id, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	plain := http.Transport{DisableKeepAlives: true}
	response, err := plain.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, body
}

func (s *shop) dossier(id string) (d dossier) {
	s.t.Helper()
	status, body := s.inspect(id)
	if err := json.Unmarshal(body, &d); status != http.StatusOK || err != nil {
		s.t.Fatalf("inspect order %s: %d %v\n%s", id, status, err, body)
	}
	return d
}

// TestEvents takes an order through its life and compares what the bus got with
// asyncapi.yaml, and with the contract to the byte.
func TestEvents(t *testing.T) {
	s := newShop(t)
	a := s.call("alice", "POST", "/orders", newOrder(3), header{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
	s.want(a, http.StatusCreated)
	id := a.field(t, "id")
	s.want(s.turn(id, "confirmed"), http.StatusOK)
	s.want(s.turn(id, "confirmed"), http.StatusOK) // No change, no event.
	s.want(s.call("alice", "DELETE", "/orders/"+id, ""), http.StatusNoContent)

	events := s.events(id)
	reservation := s.dossier(id).Reservation.ID
	const (
		fields = `{"order_id":1,"user_id":1,"product_id":42,"product_name":"Điện thoại “Ốc” \u003cb\u003e","quantity":3,"unit_price":19.99,"total_price":59.97,`
		at     = `"created_at":"2026-03-14T15:09:26.535897Z",`
	)
	want := []struct{ name, data string }{
		{"order.created", fields + `"status":"pending",` + at + `"sequence":1,`},
		{"order.status_changed", fields + `"status":"confirmed","previous_status":"pending",` + at + `"sequence":2,`},
		{"order.deleted", fields + `"status":"confirmed",` + at + `"sequence":3,`},
	}
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d", len(events), len(want))
	}
	document := loadAsyncAPI(t)
	for i, e := range events {
		data := want[i].data + `"reservation_id":"` + reservation + `"}`
		if e.Type != want[i].name || string(e.Data) != data || e.Sequence != int64(i+1) || !e.OccurredAt.Equal(s.clock.Now()) {
			t.Errorf("event %d is %s\n got %s\nwant %s", i+1, e.Type, e.Data, data)
		}
		document.check(t, e.Type, fmt.Sprintf(`{"event":%q,"data":%s}`, e.Type, e.Data))
	}
	if got := events[0].Trace["traceparent"]; !strings.Contains(got, "0af7651916cd43dd8448eb211c80319c") {
		t.Errorf("the event's trace is %q, want that of the request", got)
	}
	if a.header.Get("X-Trace-Id") != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the answer's trace is %s", a.header.Get("X-Trace-Id"))
	}
}

// TestEventsSurvive stops the service while the broker is away. Its successor on
// the same database publishes.
func TestEventsSurvive(t *testing.T) {
	database := map[string]string{"DATABASE_URL": "sqlite:///" + t.TempDir() + "/order.db"}
	first := newShop(t, database)
	first.bus.Down()
	id := first.place(1)
	first.stop()
	second := newShop(t, database)
	if events := second.events(id); len(events) != 1 || events[0].Type != "order.created" {
		t.Errorf("events %+v", events)
	}
	if got := second.call("alice", "GET", "/orders/"+id, ""); got.status != http.StatusOK {
		t.Errorf("GET answers %d", got.status)
	}
}

func TestInspect(t *testing.T) {
	s := newShop(t)
	a := s.call("alice", "POST", "/orders", newOrder(3))
	id := a.field(t, "id")
	s.events(id)
	var d dossier
	testkit.Eventually(t, 5*time.Second, func() bool {
		d = s.dossier(id)
		return d.Events[0].SentAt != nil
	}, "the event is marked as sent")
	trace := a.header.Get("X-Trace-Id")
	if d.Order["total_price"] != 59.97 || d.Reservation.Outcome != "ordered" || len(d.Reservation.ID) != 36 {
		t.Errorf("dossier %+v", d)
	}
	if h := d.History; len(h) != 1 || h[0].Status != "pending" || h[0].At != "2026-03-14T15:09:26.535897Z" || h[0].TraceID != trace {
		t.Errorf("history %+v of trace %s", h, trace)
	}
	if e := d.Events; len(e) != 1 || e[0].Type != "order.created" || e[0].Sequence != 1 || e[0].ID == "" || e[0].TraceID != trace {
		t.Errorf("events %+v of trace %s", e, trace)
	}
	s.want(s.call("alice", "DELETE", "/orders/"+id, ""), http.StatusNoContent)
	if d := s.dossier(id); d.Order != nil || len(d.History) != 2 || d.History[1].Status != "deleted" {
		t.Errorf("after its deletion %+v", d)
	}
	if status, body := s.inspect("4711"); status != http.StatusNotFound {
		t.Errorf("no such order: %d %s", status, body)
	}
	if status, body := s.inspect("x"); status != http.StatusUnprocessableEntity {
		t.Errorf("no id: %d %s", status, body)
	}
}

// asyncAPI is asyncapi.yaml as far as tests read it.
type asyncAPI struct {
	Components struct {
		Messages map[string]struct {
			Name     string
			Examples []struct{ Payload json.RawMessage }
		}
	}
	schemas map[string]*jsonschema.Schema // By event type.
}

func loadAsyncAPI(t *testing.T) asyncAPI {
	t.Helper()
	var whole any
	if err := yaml.Unmarshal(order.AsyncAPI, &whole); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	document := asyncAPI{schemas: map[string]*jsonschema.Schema{}}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	resource, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("asyncapi.json", resource); err != nil {
		t.Fatal(err)
	}
	for name, m := range document.Components.Messages {
		if document.schemas[m.Name], err = compiler.Compile("asyncapi.json#/components/schemas/" + name); err != nil {
			t.Fatal(err)
		}
	}
	return document
}

// TestAsyncAPIExamples holds the document to itself.
func TestAsyncAPIExamples(t *testing.T) {
	document := loadAsyncAPI(t)
	for _, m := range document.Components.Messages {
		for _, example := range m.Examples {
			document.check(t, m.Name, string(example.Payload))
		}
	}
	if len(document.Components.Messages) != 3 {
		t.Errorf("%d messages, want 3", len(document.Components.Messages))
	}
}

func (a asyncAPI) check(t *testing.T, typ, message string) {
	t.Helper()
	schema, known := a.schemas[typ]
	if !known {
		t.Errorf("asyncapi.yaml has no %s", typ)
		return
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s is not as asyncapi.yaml says: %v\n%s", typ, err, message)
	}
}
