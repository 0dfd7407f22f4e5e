package sqlite_test

import (
	"path/filepath"
	"testing"

	"shop/kit/event"
	"shop/kit/event/bus/bustest"
	"shop/kit/event/bus/sqlite"
	"shop/kit/telemetry"
)

func open(t *testing.T, path string, topology event.Topology, options ...sqlite.Option) *sqlite.Bus {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, topology, telemetry.Nop(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return b
}

func TestBus(t *testing.T) {
	bustest.Run(t, func(t *testing.T, topology event.Topology) event.Bus {
		return open(t, filepath.Join(t.TempDir(), "bus.db"), topology)
	})
}
