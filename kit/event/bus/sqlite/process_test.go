package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/sqlite"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

const (
	role  = "BUS_TEST_ROLE" // What a copy of the test binary is to do, with the file.
	file  = "BUS_TEST_FILE"
	lease = 500 * time.Millisecond
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "publisher":
		err = publishForEver(os.Getenv(file))
	case "consumer":
		err = consumeForEver(os.Getenv(file), 10, func() {})
	case "stuck consumer":
		err = consumeForEver(os.Getenv(file), 2, func() { select {} })
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// publishForEver prints the id of each event that the bus has taken.
func publishForEver(path string) error {
	ctx := context.Background()
	b, err := sqlite.Open(ctx, path, topology, telemetry.Nop())
	if err != nil {
		return err
	}
	for n := int64(1); ; n++ {
		e := made("1", n)
		if err := b.Publish(ctx, []event.Event{e})[0]; err != nil {
			return err
		}
		fmt.Fprintln(os.Stdout, e.ID)
	}
}

// consumeForEver prints the id of each message, then works on it.
func consumeForEver(path string, prefetch int, work func()) error {
	ctx := context.Background()
	b, err := sqlite.Open(ctx, path, topology, telemetry.Nop(), sqlite.WithLease(lease))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	return b.Subscribe(ctx, "things", prefetch, func(_ context.Context, d event.Delivery) error {
		mu.Lock()
		fmt.Fprintln(os.Stdout, d.ID)
		mu.Unlock()
		work()
		return nil
	})
}

// process is a copy of the test binary at work.
type process struct {
	cmd   *exec.Cmd
	mu    sync.Mutex
	lines []string
	read  sync.WaitGroup
}

func start(t *testing.T, as, path string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0])}
	p.cmd.Env = append(os.Environ(), role+"="+as, file+"="+path)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.read.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, lines.Text())
			p.mu.Unlock()
		}
	})
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a loss of power would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // SIGKILL; it may have ended.
	p.read.Wait()
	_ = p.cmd.Wait() // Says that it was killed.
}

func (p *process) printed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

func (p *process) waitFor(t *testing.T, n int) {
	t.Helper()
	testkit.Eventually(t, time.Minute, func() bool { return len(p.printed()) >= n }, "the process prints", n, "lines")
}

// What a publisher was told is stored is there after it was killed in the middle.
func TestAKilledPublisherLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	b := open(t, path, topology)
	p := start(t, "publisher", path)
	p.waitFor(t, 50)
	p.kill()
	stored := p.printed()
	var in inbox
	consume(t, b, in.Handle)
	testkit.Eventually(t, time.Minute, func() bool { return len(in.list()) >= len(stored) }, "messages arrive")
	got := in.list()
	if !slices.Equal(got[:len(stored)], stored) {
		t.Errorf("%d messages arrived, want the %d that were stored, in order", len(got), len(stored))
	}
	if len(got) > len(stored)+1 {
		t.Errorf("%d messages arrived, want at most one more than the %d that were confirmed", len(got), len(stored))
	}
}

// What a killed consumer had claimed is taken over once its lease is over, still
// in order.
func TestAKilledConsumerIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	b := open(t, path, topology, sqlite.WithLease(lease))
	for n := range int64(3) {
		publish(t, b, made("1", n+1), made("2", n+1))
	}
	p := start(t, "stuck consumer", path)
	p.waitFor(t, 2)
	var in inbox
	consume(t, b, in.Handle)
	publish(t, b, made("3", 1)) // The other has its hands full.
	testkit.Eventually(t, time.Minute, func() bool { return len(in.list()) == 1 }, "the free message arrives")
	killed := time.Now()
	p.kill()
	testkit.Eventually(t, time.Minute, func() bool { return len(in.list()) == 7 }, "messages are taken over")
	if took := time.Since(killed); took > 10*lease {
		t.Errorf("the takeover took %s, want about the lease of %s", took, lease)
	}
	for _, key := range []string{"1-", "2-"} {
		var got []string
		for _, id := range in.list() {
			if strings.HasPrefix(id, key) {
				got = append(got, id)
			}
		}
		if want := []string{key + "1", key + "2", key + "3"}; !slices.Equal(got, want) {
			t.Errorf("taken over %v, want %v", got, want)
		}
	}
}

// Consumers are killed again and again while messages come: each is handled at
// least once, and what was handled before a later one of its key stays before it.
func TestNothingIsLostWhileConsumersAreKilled(t *testing.T) {
	const events, keys, kills = 400, 20, 5
	path := filepath.Join(t.TempDir(), "bus.db")
	b := open(t, path, topology)
	handled := map[string]bool{}
	last := map[string]int64{}
	next := int64(0)
	for round := range kills + 1 {
		for range events / (kills + 1) {
			publish(t, b, made(fmt.Sprint(next%keys), next/keys+1))
			next++
		}
		p := start(t, "consumer", path)
		if round < kills {
			p.waitFor(t, 20)
			p.kill()
		} else {
			testkit.Eventually(t, time.Minute, func() bool {
				d, err := b.Depth(t.Context(), "things")
				return err == nil && d == event.Depth{}
			}, "everything is handled")
			p.kill()
		}
		for _, id := range p.printed() {
			handled[id] = true
			key, text, _ := strings.Cut(id, "-")
			var n int64
			if _, err := fmt.Sscan(text, &n); err != nil {
				t.Fatal(err)
			}
			if n > last[key]+1 {
				t.Errorf("%s was handled after %s-%d", id, key, last[key])
			}
			last[key] = max(last[key], n)
		}
	}
	if len(handled) != int(next) {
		t.Errorf("%d of %d messages were handled", len(handled), next)
	}
}
