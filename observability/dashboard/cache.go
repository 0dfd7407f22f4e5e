package dashboard

import (
	"net/url"

	"shop/observability/grafana"
)

const lookups = "product_cache_requests_total"

func cache() Board {
	return Board{
		UID: "shop-cache", Title: "Cache",
		About: "Whether the cache of products spares the database, whether Redis is well, and that nobody notices when it is not: without it every read goes to the database.",
		Questions: []Question{
			{Ask: "Does the cache do its work?", Panels: append(cacheFigures(), cacheWork()...)},
			{Ask: "Is Redis slow or failing?", Panels: redisSeen()},
			{Ask: "Does the database feel it, and do clients?", Closed: true, Panels: cacheBehind()},
			{Ask: "Do changes reach it, and does a stampede show?", Closed: true, Panels: cacheChanges()},
			{Ask: "Is Redis itself short of something?", Closed: true, Panels: redisItself()},
		},
	}
}

func cacheFigures() []Panel {
	return []Panel{
		{
			Title: "Hit ratio, 5 minutes", Kind: grafana.Stat, W: 5, H: 3, Unit: ratio, Spark: true,
			Shows: "The part of the lookups that Redis answered, failures left out.",
			Bad:   "Below 50 % with traffic. After a start or a restart of Redis it climbs within minutes: that is no incident.",
			Then:  "Lookups by result: misses or invalidations? Keys spread over more products than fit (evictions)?",
			Queries: []Query{
				{Expr: "product_cache:hit_ratio:rate5m", Legend: "{{cache}}"},
			},
			Steps: upFrom(bad, at(0.5, theirs), at(0.8, good)), Runbooks: []string{"CacheHitRatioLow"},
		},
		{
			Title: "Reads spared", Kind: grafana.Stat, W: 5, H: 3, Unit: requests, Spark: true,
			Shows: "Reads per second that the database did not have to answer: hits, and misses that waited for another's load.",
			Bad:   "0 with traffic.",
			Then:  "CACHE_ENABLED, then Redis below.",
			Queries: []Query{
				{Expr: rate(lookups+`{result="hit"}`) + " + " + rate("product_cache_fill_shared_total"), Legend: "spared"},
			},
		},
		{
			Title: "A look into Redis takes (p95)", Kind: grafana.Stat, W: 5, H: 3, Unit: seconds, Spark: true,
			Shows: "Time that 95 % of the reads from Redis stay below.",
			Bad:   "Above 5 ms it costs more than it spares.",
			Then:  "Redis' own row; the network between.",
			Queries: []Query{
				{Expr: quantile("0.95", `product_cache_operation_duration_seconds_bucket{op="get"}`), Legend: "get"},
			},
			Steps: upFrom(good, at(0.005, grave), at(0.05, bad)), Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Lookups without the cache", Kind: grafana.Stat, W: 5, H: 3, Unit: ratio, Spark: true,
			Shows: "The part of the lookups that failed or passed the cache by, because it may be old or its breaker is open.",
			Bad:   "Above 10 %: Redis is away. Clients get right answers, the database does all the work.",
			Then:  "The runbook. The cache is used again by itself when Redis is back.",
			Queries: []Query{
				{Expr: fails(Interval, lookups, "", `result=~"error|bypass"`), Legend: "without"},
			},
			Steps: upFrom(good, at(0.01, theirs), at(0.1, bad)), Runbooks: []string{"CacheUnavailable"},
		},
		{
			Title: "Redis", Kind: grafana.Stat, W: 4, H: 3, Unit: plain,
			Shows: "Whether Redis answers its exporter.",
			Bad:   "down.",
			Then:  "Its log; is it being restarted, out of memory, out of disk?",
			Queries: []Query{
				{Expr: "min(redis_up)", Legend: "redis"},
			},
			Steps: oneIsGood(), Words: []Word{{"0", "down", bad}, {"1", "up", good}}, Runbooks: []string{"TargetDown", "CacheUnavailable"},
		},
	}
}

func cacheWork() []Panel {
	asked := []grafana.DataLink{traces("Traces: reads of a product", url.Values{"service": {"product"}, "operation": {"GET /products/{id}"}})}
	return []Panel{
		{
			Title: "Lookups by result", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: requests, Stacked: true,
			Shows: "hit: answered by Redis, also with \"there is none\". miss: the database was asked. error: Redis failed. bypass: it was not asked.",
			Bad:   "Red (error) and orange (bypass): Redis is away. Yellow (miss) grows at the same traffic: something throws entries out.",
			Then:  "Errors: the next row. Misses: changes and evictions below.",
			Queries: []Query{
				{Expr: rate(lookups, "result"), Legend: "{{result}}"},
			},
			Paint: []Paint{{"hit", good}, {"miss", theirs}, {"bypass", grave}, {"error", bad}},
			Links: asked, Runbooks: []string{"CacheUnavailable", "CacheHitRatioLow"},
		},
		{
			Title: "Hit ratio", Kind: grafana.TimeSeries, W: 12, H: 7, Unit: ratio,
			Shows: "The part of the lookups that Redis answered, of 5 minutes and of this moment.",
			Bad:   "Below 50 % (the line) for 10 minutes at more than one lookup a second.",
			Then:  "A step down at a blue mark: a release changed what is cached or how. A slope: more products than memory.",
			Queries: []Query{
				{Expr: "product_cache:hit_ratio:rate5m", Legend: "{{cache}}, 5 minutes"},
				{Expr: share(rate(lookups+`{result="hit"}`, "cache"), rate(lookups+`{result=~"hit|miss"}`, "cache")), Legend: "{{cache}}, now"},
			},
			Steps: upFrom(bad, at(0.5, good)), Lines: true, Max: limit(1), Links: asked, Runbooks: []string{"CacheHitRatioLow"},
		},
	}
}
