//go:build compose

package compose_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"shop/kit/testkit"
)

// rate is that of every load, in requests a second; COMPOSE_TEST_RATE is another,
// for a machine that has too much else to do.
func rate(t *testing.T) int {
	t.Helper()
	text := os.Getenv("COMPOSE_TEST_RATE")
	if text == "" {
		return 100
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("COMPOSE_TEST_RATE: %v", err)
	}
	return n
}

// underLoad does something while the shop gets requests at that rate, from before it
// begins until after it has ended, and wants none of them to fail.
func (p *project) underLoad(t *testing.T, what string, do func()) {
	t.Helper()
	cmd := p.command(t.Context(), p.shop, "load", "--base-port", strconv.Itoa(p.base), "--rate", strconv.Itoa(rate(t)), "--duration", "0", "--json")
	var out bytes.Buffer
	said := &testkit.Buffer{}
	cmd.Stdout, cmd.Stderr = &out, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	testkit.Eventually(t, eventTime, func() bool {
		select {
		case err := <-ended:
			t.Fatalf("the load ended at once: %v\n%s%s", err, out.String(), said.String())
		default:
		}
		return said.String() != ""
	}, "the load says how it goes")
	do()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	failed := <-ended
	var report struct {
		Seconds      float64
		Requests     int
		Failed       int
		Repeated     int
		OrdersPlaced int                `json:"orders_placed"`
		Latency      map[string]float64 `json:"latency_ms"`
		Failures     []json.RawMessage
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v, %v\n%s%s", failed, err, out.String(), said.String())
	}
	t.Logf("%s: %d requests in %.1f s, %d failed, %d sent again, %d orders, p50 %.0f ms, p99 %.0f ms, slowest %.0f ms", what,
		report.Requests, report.Seconds, report.Failed, report.Repeated, report.OrdersPlaced, report.Latency["p50"], report.Latency["p99"], report.Latency["max"])
	if failed != nil || report.Failed > 0 {
		t.Errorf("%s: %d of %d requests failed, %v: %s", what, report.Failed, report.Requests, failed, report.Failures)
	}
	if want := int(0.9 * float64(rate(t)) * report.Seconds); report.Requests < want {
		t.Errorf("%s: %d requests, want %d at least", what, report.Requests, want)
	}
}
