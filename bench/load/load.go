// Package load measures an HTTP endpoint at full speed from a fixed number of
// kept-alive connections.
package load

import (
	"fmt"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Result is what one attack saw.
type Result struct {
	Throughput float64 // Successful requests per second.
	P50, P99   time.Duration
	Requests   uint64
	Failed     uint64 // Answers other than 2xx, and errors.
	FirstError string
}

// Attack sends the targets of next from connections clients, each waiting for
// its answer before it sends the next request, for d.
func Attack(next vegeta.Targeter, connections uint64, d time.Duration) Result {
	attacker := vegeta.NewAttacker(
		vegeta.Workers(connections), vegeta.MaxWorkers(connections), vegeta.Connections(int(connections)),
		vegeta.MaxBody(0), vegeta.KeepAlive(true), vegeta.Timeout(30*time.Second), vegeta.Redirects(vegeta.NoFollow),
	)
	var m vegeta.Metrics
	for r := range attacker.Attack(next, vegeta.Rate{}, d, "") {
		m.Add(r)
	}
	m.Close()
	result := Result{
		Throughput: m.Throughput, P50: m.Latencies.P50, P99: m.Latencies.P99, Requests: m.Requests,
	}
	result.Failed = m.Requests - uint64(m.Success*float64(m.Requests)+0.5)
	if len(m.Errors) > 0 {
		result.FirstError = m.Errors[0]
	}
	return result
}

// Median returns the round with the median throughput, after checking that no
// round failed a request.
func Median(rounds []Result) (Result, error) {
	for _, r := range rounds {
		if r.Failed > 0 {
			return r, fmt.Errorf("%d of %d requests failed: %s", r.Failed, r.Requests, r.FirstError)
		}
	}
	sorted := slices.Clone(rounds)
	slices.SortFunc(sorted, func(a, b Result) int {
		switch {
		case a.Throughput < b.Throughput:
			return -1
		case a.Throughput > b.Throughput:
			return 1
		}
		return 0
	})
	return sorted[len(sorted)/2], nil
}

// Steady sends the targets of next at a fixed rate a second for d, whether or
// not answers come, and hands each answer with its body to each.
func Steady(next vegeta.Targeter, perSecond int, d time.Duration, each func(*vegeta.Result)) {
	attacker := vegeta.NewAttacker(vegeta.KeepAlive(true), vegeta.Timeout(30*time.Second), vegeta.Redirects(vegeta.NoFollow))
	for r := range attacker.Attack(next, vegeta.Rate{Freq: perSecond, Per: time.Second}, d, "") {
		each(r)
	}
}
