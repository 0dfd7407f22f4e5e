package sqldb

import (
	"database/sql"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// poolStats exposes the connection pools of the databases of one registry,
// added up: a service has one database, and perhaps a queue file beside it.
type poolStats struct {
	connections, waited, waits *prometheus.Desc

	mu  sync.Mutex
	dbs map[*DB]struct{}
}

func newPoolStats() *poolStats {
	return &poolStats{
		connections: prometheus.NewDesc("db_pool_connections", "Connections by state; max is the limit.", []string{"state"}, nil),
		waited:      prometheus.NewDesc("db_pool_wait_seconds_total", "Time spent waiting for a free connection.", nil, nil),
		waits:       prometheus.NewDesc("db_pool_waits_total", "How often a free connection was waited for.", nil, nil),
		dbs:         map[*DB]struct{}{},
	}
}

func (p *poolStats) add(db *DB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dbs[db] = struct{}{}
}

func (p *poolStats) remove(db *DB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.dbs, db)
}

// Describe implements prometheus.Collector.
func (p *poolStats) Describe(ch chan<- *prometheus.Desc) {
	ch <- p.connections
	ch <- p.waited
	ch <- p.waits
}

// Collect implements prometheus.Collector.
func (p *poolStats) Collect(ch chan<- prometheus.Metric) {
	var sum sql.DBStats
	p.mu.Lock()
	for db := range p.dbs {
		for _, s := range db.Stats() {
			sum.InUse += s.InUse
			sum.Idle += s.Idle
			sum.MaxOpenConnections += s.MaxOpenConnections
			sum.WaitDuration += s.WaitDuration
			sum.WaitCount += s.WaitCount
		}
	}
	p.mu.Unlock()
	for state, n := range map[string]int{"used": sum.InUse, "idle": sum.Idle, "max": sum.MaxOpenConnections} {
		ch <- prometheus.MustNewConstMetric(p.connections, prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstMetric(p.waited, prometheus.CounterValue, sum.WaitDuration.Seconds())
	ch <- prometheus.MustNewConstMetric(p.waits, prometheus.CounterValue, float64(sum.WaitCount))
}

// Stats returns the state of each connection pool: "read" and "write" for
// SQLite, "all" for Postgres.
func (db *DB) Stats() map[string]sql.DBStats {
	if db.read == db.write {
		return map[string]sql.DBStats{"all": db.read.stats()}
	}
	return map[string]sql.DBStats{"read": db.read.stats(), "write": db.write.stats()}
}

// stats are database/sql's with the waits that it didn't see.
func (p *pool) stats() sql.DBStats {
	s := p.Stats()
	s.WaitCount += p.waits.Load()
	s.WaitDuration += time.Duration(p.waited.Load())
	return s
}
