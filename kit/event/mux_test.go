package event_test

import (
	"context"
	"errors"
	"testing"

	"shop/kit/errs"
	"shop/kit/event"
)

type order struct {
	ID int64 `json:"order_id"`
}

func TestMuxPassesEachEventToTheSubscriptionOfItsType(t *testing.T) {
	var got []string
	note := func(name string) func(context.Context, event.Delivery, order) error {
		return func(_ context.Context, d event.Delivery, o order) error {
			if o.ID != 7 || d.Queue != "orders" {
				t.Errorf("%s was given %+v of %s", name, o, d.Queue)
			}
			got = append(got, name)
			return nil
		}
	}
	h := event.Mux(event.On("order.created", note("created")), event.On("order.deleted", note("deleted")))
	for _, typ := range []string{"order.deleted", "order.created"} {
		d := event.Delivery{Queue: "orders", Event: event.Event{Type: typ, Data: []byte(`{"order_id":7,"more":true}`)}}
		if err := h(t.Context(), d); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
	if len(got) != 2 || got[0] != "deleted" || got[1] != "created" {
		t.Errorf("handled by %v, want deleted, created", got)
	}
}

func TestMuxRefusesForGoodWhatItCannotHandle(t *testing.T) {
	fault := errors.New("cannot render")
	h := event.Mux(event.On("order.created", func(context.Context, event.Delivery, order) error { return fault }))
	tests := map[string]struct {
		typ, data string
		want      error
		kind      errs.Kind
	}{
		"unknown type":         {"order.paid", `{}`, event.ErrUnknownType, errs.Invalid},
		"no JSON":              {"order.created", `{`, event.ErrPayload, errs.Invalid},
		"wrong type":           {"order.created", `{"order_id":"seven"}`, event.ErrPayload, errs.Invalid},
		"no data":              {"order.created", ``, event.ErrPayload, errs.Invalid},
		"the handler's own":    {"order.created", `{"order_id":7}`, fault, errs.Internal},
		"number out of range":  {"order.created", `{"order_id":9223372036854775808}`, event.ErrPayload, errs.Invalid},
		"data that is no list": {"order.created", `[]`, event.ErrPayload, errs.Invalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := h(t.Context(), event.Delivery{Event: event.Event{Type: tt.typ, Data: []byte(tt.data)}})
			if !errors.Is(err, tt.want) || errs.KindOf(err) != tt.kind {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTwoSubscriptionsOfOneTypeAreABug(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Mux accepted them")
		}
	}()
	handle := func(context.Context, event.Delivery, order) error { return nil }
	event.Mux(event.On("order.created", handle), event.On("order.created", handle))
}
