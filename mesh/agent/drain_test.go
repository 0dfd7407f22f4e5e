package agent_test

import (
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
