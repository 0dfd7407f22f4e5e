package rabbitmq

import (
	"github.com/prometheus/client_golang/prometheus"

	"shop/kit/telemetry"
)

// newReconnects returns {service}_broker_reconnects_total.
func newReconnects(tel *telemetry.Telemetry) *prometheus.CounterVec {
	return telemetry.Register(tel, prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: tel.Service, Name: "broker_reconnects_total",
		Help: "Connections to the broker that were made again.",
	}, []string{"connection"}))
}

// registerBlocked registers {service}_broker_blocked.
func registerBlocked(tel *telemetry.Telemetry, l *link) {
	telemetry.Register(tel, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: tel.Service, Name: "broker_blocked",
		Help: "1 while the broker takes no messages because it is short of memory or disk.",
	}, func() float64 {
		if _, blocked, _ := l.state(); blocked != "" {
			return 1
		}
		return 0
	}))
}
