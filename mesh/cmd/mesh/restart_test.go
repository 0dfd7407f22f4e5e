package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
	"shop/mesh/policy"
	"shop/mesh/render"
)

// application is the environment variable with the address at which the test
// binary is an application that ends by SIGTERM when it has answered everybody.
const application = "MESH_TEST_APPLICATION"

// serveApplication is that application.
func serveApplication(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const work = 5 * time.Millisecond
		select {
		case <-time.After(work):
			fmt.Fprintln(w, os.Getpid())
		case <-r.Context().Done():
		}
	})}
	go func() { _ = server.Serve(l) }()
	<-ctx.Done()
	return server.Shutdown(context.Background())
}

// TestAReplicaAfterTheOtherIsRestartedAndNobodyNotices: user runs twice, each
// behind its agent; the edge and product's sidecar call it all the time.
func TestAReplicaAfterTheOtherIsRestartedAndNobodyNotices(t *testing.T) {
	binary := build(t)
	m := meshtest.New(t, meshtest.Policy(t))
	replicas := []*replica{
		{binary: binary, at: m.Places["user"]},
		{binary: binary, at: meshtest.Places(t, m.Policy)["user"]},
	}
	m.Roots.Give(replicas[1].at.Certs, m.Policy.Identity("user"))
	for _, caller := range []string{"product", policy.EdgeName} {
		at := m.Places[caller]
		at.Callees["user"] = []string{replicas[0].at.Inbound, replicas[1].at.Inbound}
		m.Places[caller] = at
	}
	for _, r := range replicas {
		r.start(t)
	}
	m.Start("product", policy.EdgeName)
	for _, caller := range []string{"product", policy.EdgeName} {
		testkit.Eventually(t, patience, func() bool { return m.Envoys[caller].Stat("cluster.user.membership_healthy") == 2 }, caller, "sees both")
	}

	load := startLoad(t, "http://"+m.Places["product"].Egress["user"]+"/validate-token", "http://"+m.Public("user")+"/anything")
	for _, r := range replicas {
		pid := r.pid(t)
		load.proceed(t, 100)
		r.stop(t)
		load.proceed(t, 100) // By the other one alone.
		r.start(t)
		if r.pid(t) == pid {
			t.Fatal("it was not restarted")
		}
		for _, caller := range []string{"product", policy.EdgeName} {
			testkit.Eventually(t, patience, func() bool { return m.Envoys[caller].Stat("cluster.user.membership_healthy") == 2 }, caller, "sees both again")
		}
	}
	load.proceed(t, 100)
	answered, failed := load.end()
	t.Logf("2 replicas restarted: %d requests answered, %d failed", answered, len(failed))
	if len(failed) > 0 {
		t.Errorf("failed: %v", failed[0])
	}
}

// replica is one that an agent runs.
type replica struct {
	binary string
	at     render.Place
	cmd    *exec.Cmd
	out    *testkit.Buffer
}

func (r *replica) start(t *testing.T) {
	t.Helper()
	home := filepath.Dir(r.at.Config)
	text, err := json.Marshal(r.at)
	must(t, err)
	place := filepath.Join(home, "place.json")
	must(t, os.WriteFile(place, text, 0o600))
	r.out = &testkit.Buffer{}
	out := r.out
	r.cmd = exec.Command(r.binary, "agent", "--workload", "user", "--place", place, "--drain", "5s", "--", os.Args[0])
	r.cmd.Env = append(os.Environ(), "ENVOY="+envoy(t), application+"="+r.at.App)
	r.cmd.Stdout, r.cmd.Stderr = out, out
	must(t, r.cmd.Start())
	cmd := r.cmd
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		if t.Failed() {
			t.Logf("an agent said:\n%s", out)
		}
	})
	testkit.Eventually(t, patience, func() bool { return strings.Contains(out.String(), `"msg":"serving"`) }, "the agent serves")
}

// stop ends the replica as Compose and Kubernetes do.
func (r *replica) stop(t *testing.T) {
	t.Helper()
	must(t, r.cmd.Process.Signal(syscall.SIGTERM))
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("the agent ended with %v", err)
	}
}

// pid is the application's.
func (r *replica) pid(t *testing.T) string {
	t.Helper()
	var pid string
	testkit.Eventually(t, patience, func() error {
		resp, err := http.Get("http://" + r.at.App)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		pid = string(body)
		return err
	}, "the application answers")
	return pid
}

// load is requests that are made until end.
type load struct {
	stop context.CancelFunc
	all  sync.WaitGroup

	mu       sync.Mutex
	answered int
	failed   []error
}

// startLoad asks each URL fifty times a second.
func startLoad(t *testing.T, urls ...string) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop}
	t.Cleanup(func() { l.end() })
	keep := &http.Transport{}
	t.Cleanup(keep.CloseIdleConnections)
	const callers, pause = 4, 80 * time.Millisecond
	for _, url := range urls {
		for range callers {
			l.all.Go(func() {
				again := time.NewTicker(pause)
				defer again.Stop()
				for {
					err := post(ctx, keep, url)
					if ctx.Err() != nil {
						return
					}
					l.mu.Lock()
					if err == nil {
						l.answered++
					} else {
						l.failed = append(l.failed, fmt.Errorf("%s: %w", url, err))
					}
					l.mu.Unlock()
					select {
					case <-again.C:
					case <-ctx.Done():
						return
					}
				}
			})
		}
	}
	return l
}

func post(ctx context.Context, by http.RoundTripper, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	resp, err := by.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("%s: %s", resp.Status, body))
	}
	return err
}

// proceed waits until n more requests are answered.
func (l *load) proceed(t *testing.T, n int) {
	t.Helper()
	answered := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.answered
	}
	want := answered() + n
	testkit.Eventually(t, patience, func() bool { return answered() >= want }, "requests are answered")
}

// end ends the load and returns its counts.
func (l *load) end() (answered int, failed []error) {
	l.stop()
	l.all.Wait()
	return l.answered, l.failed
}
