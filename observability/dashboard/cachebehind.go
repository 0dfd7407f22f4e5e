package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

func cacheBehind() []Panel {
	const selects = `{service="product", db_operation_name="SELECT", db_collection_name="products"}`
	return []Panel{
		{
			Title: "Reads of products by the database", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: calls, Stacked: true,
			Shows: "Statements that read products, beside what the cache spared: together what the database would do without a cache.",
			Bad:   "Reads rise to the height of both: the cache does nothing.",
			Then:  "Lookups by result, above. Lists are not cached and always read.",
			Queries: []Query{
				{Expr: rate("db_client_operation_duration_seconds_count" + selects), Legend: "read"},
				{Expr: rate(lookups + `{result="hit"}`), Legend: "spared"},
			},
			Paint: []Paint{{"read", theirs}, {"spared", good}}, Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Reads of products take (p95)", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "Time of product's SELECTs on products. Dots lead to traces.",
			Bad:   "It climbs with the reads beside it: the database can't carry the traffic without the cache.",
			Then:  "Bring Redis back first; then Overview for connections in use.",
			Queries: []Query{
				{Expr: quantile("0.95", "db_client_operation_duration_seconds_bucket"+selects), Legend: "p95", Exemplars: true},
			},
			Steps: upFrom(good, at(0.05, bad)), Lines: true,
			Links: []grafana.DataLink{to("shop-overview", "Overview and SLO"), slow("product", "50ms")}, Runbooks: []string{"DatabaseUnavailable"},
		},
		{
			Title: "Clients wait for a product (p95)", Kind: grafana.TimeSeries, W: 8, H: 7, Unit: seconds,
			Shows: "GET /products/{id} and the list, as product answers them. Dots lead to traces.",
			Bad:   "Above 50 ms (the line): the promise of product reads.",
			Then:  "Click a dot: cache.hit or cache.miss is an event of its span.",
			Queries: []Query{
				{Expr: quantile("0.95", served+`_bucket{service="product", http_request_method="GET", http_route=~"/products.*"}`, "http_route"), Legend: "{{http_route}}", Exemplars: true},
			},
			Steps: upFrom(good, at(0.05, bad)), Lines: true,
			Links: []grafana.DataLink{slow("product", "50ms")}, Runbooks: []string{"ProductReadsLatencyBurn"},
		},
	}
}

func cacheChanges() []Panel {
	return []Panel{
		{
			Title: "Invalidations by reason", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: events, Stacked: true,
			Shows: "Entries that a change made old: every reservation and release of stock changes its product too.",
			Bad:   "As many as lookups: products change faster than they are read, and caching them is of little use.",
			Then:  "Which reason? reserve and release follow orders; update in waves is an import.",
			Queries: []Query{
				{Expr: rate("product_cache_invalidations_total", "reason"), Legend: "{{reason}}"},
			},
			Links: []grafana.DataLink{traces("Traces of product", url.Values{"service": {"product"}})}, Runbooks: []string{"CacheHitRatioLow"},
		},
		{
			Title: "Loads shared in a rush", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: requests,
			Shows: "Misses, and how many of them waited for another's load of the same product instead of asking the database too.",
			Bad:   "shared high: a stampede on few products, which the cache is holding off. Misses alone high: many different products.",
			Then:  "Nothing while reads stay in time: this is the protection working.",
			Queries: []Query{
				{Expr: rate(lookups + `{result="miss"}`), Legend: "misses"},
				{Expr: rate("product_cache_fill_shared_total"), Legend: "shared"},
			},
			Paint: []Paint{{"misses", theirs}, {"shared", good}}, Runbooks: []string{"CacheHitRatioLow"},
		},
	}
}
