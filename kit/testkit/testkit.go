// Package testkit is what the tests of every service share: waiting without
// sleeping, captured telemetry, a settable clock, golden files, and real servers
// on free loopback ports for what a service talks to. Each server is a function
// of its name that takes the test, starts, and stops with the test.
package testkit

import (
	"testing"
	"time"

	"shop/kit/port"
)

// poll is how often Eventually looks.
const poll = 5 * time.Millisecond

// Eventually waits until condition is true, or returns nil, and fails the test
// when that takes longer than d. msg says what was awaited.
func Eventually[C func() bool | func() error](t testing.TB, d time.Duration, condition C, msg ...any) {
	t.Helper()
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for late := false; ; {
		ok, err := holds(condition)
		switch {
		case ok:
			return
		case late:
			t.Fatal(append([]any{"not within", d, "—"}, append(msg, reason(err)...)...)...)
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			late = true // One last look.
		}
	}
}

func holds(condition any) (bool, error) {
	switch c := condition.(type) {
	case func() bool:
		return c(), nil
	case func() error:
		err := c()
		return err == nil, err
	}
	return false, nil
}

func reason(err error) []any {
	if err == nil {
		return nil
	}
	return []any{":", err}
}

// FreePort returns a loopback port that nobody listens on and that nobody else
// gets while this process lives. Prefer listening on port 0; this is for programs
// that must be told a number.
func FreePort(t testing.TB) int {
	t.Helper()
	n, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
