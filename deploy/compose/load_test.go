//go:build compose

package compose_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"

	"shop/deploy/livetest"
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
	if failed != nil {
		t.Errorf("%s: %v: %s", what, failed, said.String())
	}
	livetest.Unnoticed(t, what, rate(t), out.String())
}
