package load

import (
	"math"
	"time"
)

// times are how long answers took, in buckets each a fiftieth wider than the one
// before: any number of them takes the same memory, and a percentile is off by
// 2 % at most.
type times struct {
	buckets [bucketCount]int
	n       int
	max     time.Duration
}

const (
	bucketGrowth = 1.02
	bucketFirst  = 10 * time.Microsecond
	bucketCount  = 1000 // The last begins after an hour.
)

func (t *times) add(d time.Duration) {
	n := int(math.Ceil(math.Log(float64(max(d, bucketFirst))/float64(bucketFirst)) / math.Log(bucketGrowth)))
	t.buckets[min(n, bucketCount-1)]++
	t.n++
	t.max = max(t.max, d)
}

// percentile returns what p percent of the times are not above.
func (t *times) percentile(p float64) time.Duration {
	rank := int(math.Ceil(p / 100 * float64(t.n)))
	for n, seen := 0, 0; n < bucketCount; n++ {
		if seen += t.buckets[n]; seen >= rank {
			return min(t.max, time.Duration(float64(bucketFirst)*math.Pow(bucketGrowth, float64(n))))
		}
	}
	return t.max
}

func (t *times) latency() Latency {
	ms := func(d time.Duration) float64 { return math.Round(float64(d)/float64(time.Microsecond)) / 1000 }
	return Latency{P50: ms(t.percentile(50)), P95: ms(t.percentile(95)), P99: ms(t.percentile(99)), Max: ms(t.max)}
}
