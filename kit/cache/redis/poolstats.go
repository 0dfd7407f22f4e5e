package redis

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// poolStats exposes the connection pools of the caches of one registry, added up.
type poolStats struct {
	connections, waited, waits, timeouts *prometheus.Desc

	mu    sync.Mutex
	sizes map[redis.UniversalClient]int // By client: how large its pool may get.
}

func newPoolStats(service string) *poolStats {
	name := func(s string) string { return prometheus.BuildFQName(service, "cache_pool", s) }
	return &poolStats{
		connections: prometheus.NewDesc(name("connections"), "Connections to the cache by state; max is the limit, of a cluster that of each node.", []string{"state"}, nil),
		waited:      prometheus.NewDesc(name("wait_seconds_total"), "Time spent waiting for a free connection to the cache.", nil, nil),
		waits:       prometheus.NewDesc(name("waits_total"), "How often a free connection to the cache was waited for.", nil, nil),
		timeouts:    prometheus.NewDesc(name("timeouts_total"), "How often no connection to the cache became free in time.", nil, nil),
		sizes:       map[redis.UniversalClient]int{},
	}
}

func (p *poolStats) add(c redis.UniversalClient, size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sizes[c] = size
}

func (p *poolStats) remove(c redis.UniversalClient) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sizes, c)
}

// Describe implements prometheus.Collector.
func (p *poolStats) Describe(ch chan<- *prometheus.Desc) {
	ch <- p.connections
	ch <- p.waited
	ch <- p.waits
	ch <- p.timeouts
}

// Collect implements prometheus.Collector.
func (p *poolStats) Collect(ch chan<- prometheus.Metric) {
	var used, idle, limit int
	var waits, timeouts uint32
	var waited time.Duration
	p.mu.Lock()
	for client, size := range p.sizes {
		s := client.PoolStats()
		used += int(s.TotalConns) - int(s.IdleConns)
		idle += int(s.IdleConns)
		limit += size
		waits += s.WaitCount
		timeouts += s.Timeouts
		waited += time.Duration(s.WaitDurationNs)
	}
	p.mu.Unlock()
	for state, n := range map[string]int{"used": used, "idle": idle, "max": limit} {
		ch <- prometheus.MustNewConstMetric(p.connections, prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstMetric(p.waited, prometheus.CounterValue, waited.Seconds())
	ch <- prometheus.MustNewConstMetric(p.waits, prometheus.CounterValue, float64(waits))
	ch <- prometheus.MustNewConstMetric(p.timeouts, prometheus.CounterValue, float64(timeouts))
}
