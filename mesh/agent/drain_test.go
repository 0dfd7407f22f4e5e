package agent_test

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/agent"
)

// TestSIGTERMUnderLoadLosesNothing: callers that look at the health check, as
// Envoys do, get an answer to every request.
func TestSIGTERMUnderLoadLosesNothing(t *testing.T) {
	p := run(t, func(o *played, _ *pod) { o.DrainTime = 2 * time.Second })
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	client := &http.Client{Transport: transport, Timeout: patience}
	t.Cleanup(transport.CloseIdleConnections)
	var healthy atomic.Bool
	healthy.Store(true)
	var answered, slow, lost atomic.Int64
	get := func(path string) bool {
		resp, err := client.Get("http://" + p.door + path)
		if err != nil {
			t.Log(err)
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	var callers sync.WaitGroup
	for i := range 6 {
		callers.Go(func() {
			path, done := "/", &answered
			if i < 2 {
				path, done = "/slow", &slow
			}
			for healthy.Load() {
				if get(path) {
					done.Add(1)
				} else {
					lost.Add(1)
				}
			}
		})
	}
	testkit.Eventually(t, patience, func() bool { return answered.Load() > 100 && slow.Load() > 1 }, "load")
	p.signal(syscall.SIGTERM)
	before := answered.Load()
	testkit.Eventually(t, patience, func() bool { return !get("/readyz") }, "the health check fails")
	testkit.Eventually(t, patience, func() bool { return answered.Load() > before }, "requests are answered all the same")
	healthy.Store(false)
	callers.Wait()
	p.ends(0)
	t.Logf("%d requests and %d slow ones answered, %d lost", answered.Load(), slow.Load(), lost.Load())
	if lost.Load() > 0 {
		t.Errorf("%d requests were lost", lost.Load())
	}
}

func TestDrainingIsForAHookToo(t *testing.T) {
	p := run(t, func(o *played, _ *pod) { o.DrainTime = 0 })
	p.answers("/readyz", "application")
	must(t, agent.Ready(t.Context(), p.admin))
	must(t, agent.Drain(t.Context(), p.admin, time.Millisecond))
	if _, err := ask("http://" + p.door + "/readyz"); err == nil {
		t.Error("the health check does not fail")
	}
	if err := agent.Ready(t.Context(), p.admin); err == nil {
		t.Error("a draining Envoy says that it is ready")
	}
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

// TestAnEnvoyThatStandsAloneAnswersWhatItHasTaken: its clients know of no health
// check. What reaches the application is answered; what else comes meets a door that
// is being shut.
func TestAnEnvoyThatStandsAloneAnswersWhatItHasTaken(t *testing.T) {
	var taken, answered, turnedAway atomic.Int64
	p := run(t, func(o *played, p *pod) {
		o.Command, o.DrainTime = nil, 0
		app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			taken.Add(1)
			if r.URL.Path == "/slow" {
				select {
				case <-time.After(500 * time.Millisecond):
				case <-r.Context().Done():
				}
			}
		})
		l, err := net.Listen("tcp", p.app)
		must(t, err)
		server := &http.Server{Handler: app, ReadHeaderTimeout: patience}
		go func() { _ = server.Serve(l) }() // Until it is closed.
		t.Cleanup(func() { _ = server.Close() })
	})
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	client := &http.Client{Transport: transport, Timeout: patience}
	t.Cleanup(transport.CloseIdleConnections)
	var callers sync.WaitGroup
	for i := range 6 {
		callers.Go(func() {
			path := [...]string{"/", "/slow"}[i%2]
			for {
				resp, err := client.Get("http://" + p.door + path)
				if err != nil {
					turnedAway.Add(1)
					return
				}
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%s: %s", path, resp.Status)
				}
				answered.Add(1)
				_ = resp.Body.Close()
			}
		})
	}
	testkit.Eventually(t, patience, func() bool { return answered.Load() > 50 }, "load")
	p.signal(syscall.SIGTERM)
	callers.Wait()
	p.ends(0)
	t.Logf("%d requests taken, %d answered; %d callers turned away", taken.Load(), answered.Load(), turnedAway.Load())
	if taken.Load() != answered.Load() {
		t.Errorf("%d requests taken, %d answered", taken.Load(), answered.Load())
	}
}
