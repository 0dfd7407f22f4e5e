//go:build linux

package drills

import (
	"context"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shop/kit/testkit"
	"shop/shop/control"
	"shop/shop/drill"
	"shop/shop/observe"
	"shop/shop/operator"
	"shop/shop/rest"
)

// fast are the drills that every change of the code goes through; DRILLS=all holds
// all of them. None has many clients, whose times a busy machine would make bad.
var fast = []string{"poison-message", "certificate-broken", "sidecar-killed"}

func TestDrills(t *testing.T) {
	names := fast
	if os.Getenv("DRILLS") == "all" {
		names = drill.Names()
	}
	dir, base := start(t)
	t.Run("every query has an answer", func(t *testing.T) {
		prometheus := net.JoinHostPort("127.0.0.1", strconv.Itoa(base+observe.PortDistance+observe.PrometheusPort))
		everyQueryIsAnswered(t, rest.At("127.0.0.1", base), "http://"+prometheus)
	})
	r, err := drill.Open(t.Context(), dir, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			d, ok := drill.Find(name)
			if !ok {
				t.Fatal("there is no such drill")
			}
			res, err := r.Run(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			if res.Fired <= 0 || res.Cleared <= 0 || len(res.Strange) > 0 || (res.Trace == "") != (d.Trace == nil) {
				t.Errorf("result %+v", res)
			}
		})
	}
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	letters, err := operator.At("127.0.0.1", base+operator.PortDistance).DeadLetters(t.Context())
	if err != nil || len(letters) != 0 {
		t.Errorf("%d dead letters are left, %v", len(letters), err)
	}
	interruptions(t, dir, base)
}

// interruptions ends a drill in the middle, politely and not, and finds that what it
// has broken works.
func interruptions(t *testing.T, dir string, base int) {
	t.Helper()
	gateway := net.JoinHostPort("127.0.0.1", strconv.Itoa(base+observe.PortDistance+observe.GatewayPort))
	reached := func() error {
		conn, err := net.Dial("tcp", gateway)
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run("a drill gets "+signal.String(), func(t *testing.T) {
			out := &testkit.Buffer{}
			cmd := command(t, out, "drill", "gateway-down", "--data", dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			testkit.Eventually(t, patience, func() bool { return reached() != nil }, "the gateway is gone")
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("a drill that was interrupted ends well")
			}
			testkit.Eventually(t, patience, reached, "the gateway is back")
			testkit.Eventually(t, patience, func() error { return again(t.Context(), dir) }, "the next incident")
		})
	}
}

// again makes an incident and heals it.
func again(ctx context.Context, dir string) error {
	i, err := control.Make(ctx, dir, control.GatewayDown)
	if err != nil {
		return err
	}
	return i.Heal()
}

// TestUnknownDrills says what the command says.
func TestUnknownDrills(t *testing.T) {
	for want, args := range map[string][]string{
		`there is no drill "earthquake"`: {"drill", "earthquake"},
		"name a drill":                   {"drill"},
		"no shop with --observe runs":    {"drill", "all", "--data", t.TempDir()},
	} {
		out := &testkit.Buffer{}
		cmd := command(t, out, args...)
		if err := cmd.Run(); err == nil || !strings.Contains(out.String(), want) {
			t.Errorf("%v: %v, %q; want %q", args, err, out.String(), want)
		}
	}
	out := &testkit.Buffer{}
	if err := command(t, out, "drill", "--list").Run(); err != nil {
		t.Error(err)
	}
	if lines := slices.Collect(strings.Lines(out.String())); len(lines) != len(drill.Names()) {
		t.Errorf("the list has %d lines:\n%s", len(lines), out.String())
	}
}

// TestWithoutABasePort: what looks at a shop must be where it is looked for.
func TestWithoutABasePort(t *testing.T) {
	out := &testkit.Buffer{}
	err := command(t, out, "--observe", "--base-port", "0", "--data", t.TempDir()).Run()
	if err == nil || !strings.Contains(out.String(), "base port") {
		t.Errorf("%v: %q", err, out.String())
	}
}
