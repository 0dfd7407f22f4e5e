package mesh_test

import (
	"net"
	"testing"
	"time"

	"shop/mesh/meshtest"
)

// A name server may be silent about names that it does not know, as Docker's is
// where it has nobody to ask: a sidecar starts all the same, and its service works
// without the callee or the collector that is not there yet.
func TestASilentNameServerKeepsNoEnvoyFromItsStart(t *testing.T) {
	const most = 20 * time.Second
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	m := meshtest.New(t, meshtest.Policy(t))
	at := m.Places["notification"]
	at.DNS, at.Callees["user"], at.OTLP = silent.LocalAddr().String(), []string{"user:15006"}, "jaeger:4317"
	m.Places["notification"] = at
	started := time.Now()
	m.Start("notification")
	if took := time.Since(started); took > most {
		t.Errorf("it started after %s", took)
	}
}
