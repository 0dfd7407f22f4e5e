package user_test

import (
	"net/http"
	"sync"
	"testing"
)

// A wave of logins, each of which takes a while, must not hold up those who have
// logged in.
func TestLoginsDoNotStarveEverythingElse(t *testing.T) {
	s := start(t, "MAX_CONCURRENCY", "8", "BCRYPT_COST", "7")
	token := s.enter("anna").access
	var wave sync.WaitGroup
	statuses := make([]int, 16)
	for i := range statuses {
		wave.Go(func() {
			a := s.login("anna", password)
			statuses[i] = a.status
			if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
				t.Errorf("shed without Retry-After: %v", a.header)
			}
		})
	}
	for range 50 {
		s.wantValid(token, true)
	}
	wave.Wait()
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	// At most a quarter of the places is for logins; the first one gets its.
	if counts[http.StatusOK] < 1 || counts[http.StatusOK]+counts[http.StatusServiceUnavailable] != len(statuses) {
		t.Errorf("statuses of the wave: %v", counts)
	}
}
