package mesh_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/mesh/meshtest"
	"shop/mesh/policy"
)

// TestASlowServiceIsNotFlooded: every call ends in its time, and the retries of
// many callers at once are a small share of what they ask for: that is the budget of retries.
func TestASlowServiceIsNotFlooded(t *testing.T) {
	const callers, calls = 128, 3
	m := meshtest.New(t, meshtest.Policy(t))
	slow := make(chan struct{})
	var tries atomic.Int32
	m.Echo("user", func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/readyz" {
			return false
		}
		tries.Add(1)
		select {
		case <-slow:
		case <-r.Context().Done():
		}
		return false
	})
	m.Start("user", "order")
	call := m.Policy.Calls["order"]["user"][policy.Route{Method: "POST", Path: "/validate-token"}]
	var mu sync.Mutex
	var longest time.Duration
	statuses := map[int]int{}
	var asking sync.WaitGroup
	for range callers {
		asking.Go(func() {
			for range calls {
				began := time.Now()
				answer := meshtest.Do(t, m.Places["order"].Egress["user"], meshtest.Request{Method: "POST", URI: "/validate-token", Body: "{}"})
				took := time.Since(began)
				mu.Lock()
				longest = max(longest, took)
				statuses[answer.Status]++
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	if n := statuses[http.StatusServiceUnavailable]; n != callers*calls {
		t.Errorf("answers: %v, want 503 for each: who is behind a gateway is not told of it", statuses)
	}
	if most := 1.2 * callers * calls; float64(tries.Load()) > most {
		t.Errorf("the service was asked %d times for %d calls, want at most %.0f", tries.Load(), callers*calls, most)
	}
	if most := 2 * call.Timeout; longest > most {
		t.Errorf("a call took %s, want it to end after %s", longest, call.Timeout)
	}
	close(slow)
	answer := meshtest.Do(t, m.Places["order"].Egress["user"], meshtest.Request{Method: "POST", URI: "/validate-token", Body: "{}"})
	if answer.Status != http.StatusOK {
		t.Errorf("once it is quick again: %d %s", answer.Status, answer.Body)
	}
	t.Logf("%d calls of %d callers: %v, %d tries, the longest took %s", callers*calls, callers, statuses, tries.Load(), longest.Round(time.Millisecond))
}
