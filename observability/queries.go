package observability

import (
	"fmt"
	"time"

	"shop/observability/dashboard"
)

// Query is a question that a panel, a mark in the graphs or a rule asks Prometheus.
type Query struct {
	Where string // Who asks: "shop-cache / Hit ratio: now", "cache.yml / CacheHitRatioLow".
	Expr  string // Ready to be asked: every variable has its value.
	Quiet string // Why there may be no answer while all is well; "" = there always is one.
}

const (
	wellMeansNone = "while all is well it does not fire"
	marksMoments  = "it marks moments: while nothing happens there is none"
)

// quiet are the recorded series that may be absent while all is well.
var quiet = map[string]string{
	"service:db_unavailable:ratio1m": "no statement failed for want of a database",
}

// shortestRate holds three looks at the histograms of an Envoy, which it adds up
// every 5 s however often it is asked.
const shortestRate = 15 * time.Second

// Queries returns every query of every panel and rule. $__rate_interval is what
// Grafana makes of it at scrapes every Interval/factor, four of them, but at least
// shortestRate.
func Queries(factor float64) ([]Query, error) {
	rate := duration(max(4*time.Duration(float64(Interval)/factor), shortestRate))
	var all []Query
	for _, b := range dashboard.All() {
		for _, q := range b.Questions {
			for _, p := range q.Panels {
				for _, query := range p.Queries {
					all = append(all, Query{b.Name(p) + ": " + query.Legend, b.Fill(query.Expr, rate), query.Quiet})
				}
			}
		}
		for _, mark := range b.Dashboard().Annotations.List {
			all = append(all, Query{b.UID + " / marks: " + mark.Name, b.Fill(mark.Expr, rate), marksMoments})
		}
	}
	groups, err := Groups()
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		for i, r := range g.Rules {
			query := Query{Where: fmt.Sprintf("%s / %s %d: %s%s", g.File, g.Name, i+1, r.Record, r.Alert), Expr: r.Expr, Quiet: quiet[r.Record]}
			if r.Alert != "" {
				query.Quiet = wellMeansNone
			}
			all = append(all, query)
		}
	}
	return all, nil
}
