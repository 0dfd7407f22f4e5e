package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

const maxRelayBody = 1 << 10 // bytes

// Holdable is an outbox that can be told to keep its events for a while.
type Holdable interface {
	Hold(ctx context.Context)
	Release(ctx context.Context)
	Held() bool
}

var errHeld = errors.New(`want {"held": true} or {"held": false}`)

// RelayRoutes returns the operator's switch for publishing, which keeps events
// back while a broker or a consumer is worked on:
//
//	GET /admin/outbox/relay                     {"held":false}
//	PUT /admin/outbox/relay {"held": true}      {"held":true}
//
// The switch is this process's alone and is open again after its restart.
func RelayRoutes(outbox Holdable) []AdminRoute {
	r := relaySwitch{outbox}
	return []AdminRoute{
		{"GET /admin/outbox/relay", answer(r.show)},
		{"PUT /admin/outbox/relay", answer(r.turn)},
	}
}

type relaySwitch struct{ outbox Holdable }

func (s relaySwitch) show(*http.Request) (any, int, error) {
	return map[string]bool{"held": s.outbox.Held()}, http.StatusOK, nil
}

func (s relaySwitch) turn(r *http.Request) (any, int, error) {
	var body struct {
		Held *bool `json:"held"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxRelayBody)).Decode(&body); err != nil || body.Held == nil {
		return nil, http.StatusUnprocessableEntity, errHeld
	}
	if *body.Held {
		s.outbox.Hold(r.Context())
	} else {
		s.outbox.Release(r.Context())
	}
	return s.show(r)
}
