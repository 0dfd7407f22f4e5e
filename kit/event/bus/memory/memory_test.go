package memory_test

import (
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/bustest"
	"shop/kit/event/bus/memory"
)

func TestBus(t *testing.T) {
	bustest.Run(t, func(_ *testing.T, topology event.Topology) event.Bus { return memory.New(topology, time.Now) })
}
