package app_test

import (
	"encoding/json"
	"testing"

	"shop/kit/event"
	"shop/order/domain"
)

type payload struct {
	Status string `json:"status"`
}

func decode(t *testing.T, e event.Event) payload {
	t.Helper()
	var p payload
	if err := json.Unmarshal(e.Data, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEventData holds the payload to the byte: other systems read it.
func TestEventData(t *testing.T) {
	f := newFixture(t)
	id := f.place(three).Snapshot().ID
	f.become(id, domain.Confirmed)
	if err := f.Delete(t.Context(), buyer, id); err != nil {
		t.Fatal(err)
	}
	const (
		order = `{"order_id":1,"user_id":7,"product_id":42,"product_name":"Phone","quantity":3,"unit_price":19.99,"total_price":59.97,`
		rest  = `"created_at":"2026-03-14T15:09:26.535897Z","sequence":`
		tail  = `,"reservation_id":"00000000-0000-7000-8000-000000000001"}`
	)
	want := []string{
		order + `"status":"pending",` + rest + `1` + tail,
		order + `"status":"confirmed","previous_status":"pending",` + rest + `2` + tail,
		order + `"status":"confirmed",` + rest + `3` + tail,
	}
	for i, e := range f.store.Announced() {
		if string(e.Data) != want[i] {
			t.Errorf("data of %s\n got %s\nwant %s", e.Type, e.Data, want[i])
		}
		if e.Key != "1" || !e.OccurredAt.Equal(f.clock.Now()) {
			t.Errorf("%s: key %q, occurred at %s", e.Type, e.Key, e.OccurredAt)
		}
	}
}
