package service

import (
	"context"
	"errors"

	"shop/kit/event"
	"shop/kit/telemetry"
)

// openBus opens the bus that cfg names.
func openBus(context.Context, BusConfig, event.Topology, *telemetry.Telemetry) (event.Bus, error) {
	return nil, errors.ErrUnsupported
}
