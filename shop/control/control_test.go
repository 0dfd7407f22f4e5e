//go:build unix

package control_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/control"
)

const patience = 30 * time.Second

// fault counts how often it was made and healed.
type fault struct{ made, healed atomic.Int32 }

func (f *fault) begin(context.Context) (func(context.Context) error, error) {
	f.made.Add(1)
	return func(context.Context) error { f.healed.Add(1); return nil }, nil
}

func listen(t *testing.T, dir string, faults map[string]control.Begin) *control.Server {
	t.Helper()
	s, err := control.Listen(t.Context(), dir, control.About{Host: "h", BasePort: 7, Factor: 2}, faults)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestAFaultLastsUntilItIsHealed(t *testing.T) {
	dir, f := t.TempDir(), &fault{}
	listen(t, dir, map[string]control.Begin{"slow": f.begin})
	about, err := control.Ask(t.Context(), dir)
	if err != nil || about.BasePort != 7 || about.Factor != 2 || strings.Join(about.Faults, " ") != "slow" {
		t.Errorf("about %+v, %v", about, err)
	}
	i, err := control.Make(t.Context(), dir, "slow")
	if err != nil {
		t.Fatal(err)
	}
	if f.made.Load() != 1 || f.healed.Load() != 0 {
		t.Errorf("made %d, healed %d; want a fault", f.made.Load(), f.healed.Load())
	}
	if _, err := control.Make(t.Context(), dir, "slow"); err == nil || !strings.Contains(err.Error(), "one drill at a time") {
		t.Errorf("a second fault: %v", err)
	}
	if err := i.Heal(); err != nil || f.healed.Load() != 1 {
		t.Errorf("healed %d times, %v", f.healed.Load(), err)
	}
	again, err := control.Make(t.Context(), dir, "slow")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Heal(); err != nil {
		t.Error(err)
	}
}

func TestAFaultEndsWithWhoMadeIt(t *testing.T) {
	dir, f := t.TempDir(), &fault{}
	hangs := make(chan struct{})
	slowly := func(ctx context.Context) (func(context.Context) error, error) {
		close(hangs)
		<-ctx.Done()
		return f.begin(ctx)
	}
	listen(t, dir, map[string]control.Begin{"slow": slowly})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-hangs
		cancel()
	}()
	if _, err := control.Make(ctx, dir, "slow"); err == nil {
		t.Error("a fault whose maker gave up began")
	}
	testkit.Eventually(t, patience, func() bool { return f.healed.Load() == 1 }, "the fault is healed")
}

func TestAFaultEndsWithTheShop(t *testing.T) {
	dir, f := t.TempDir(), &fault{}
	s := listen(t, dir, map[string]control.Begin{"slow": f.begin})
	if _, err := control.Make(t.Context(), dir, "slow"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || f.healed.Load() != 1 {
		t.Errorf("healed %d times, %v", f.healed.Load(), err)
	}
	if _, err := control.Ask(t.Context(), dir); !errors.Is(err, control.ErrNoShop) {
		t.Errorf("error %v, want ErrNoShop", err)
	}
}

func TestFaultsThatFail(t *testing.T) {
	dir := t.TempDir()
	listen(t, dir, map[string]control.Begin{
		"impossible": func(context.Context) (func(context.Context) error, error) { return nil, errors.New("no such part") },
		"incurable": func(context.Context) (func(context.Context) error, error) {
			return func(context.Context) error { return errors.New("still broken") }, nil
		},
	})
	for name, want := range map[string]string{"impossible": "no such part", "unknown": `"unknown"`} {
		if _, err := control.Make(t.Context(), dir, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
	i, err := control.Make(t.Context(), dir, "incurable")
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Heal(); err == nil || !strings.Contains(err.Error(), "still broken") {
		t.Errorf("error %v", err)
	}
}

func TestTheSocketIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, control.Socket)
	if err := os.WriteFile(at, nil, 0o600); err != nil { // As a killed shop leaves it.
		t.Fatal(err)
	}
	listen(t, dir, nil)
	info, err := os.Stat(at)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
}
