package load

import (
	"testing"
	"time"
)

func TestPercentilesAreWithinTwoPercent(t *testing.T) {
	var all times
	for n := range 10_000 {
		all.add(time.Duration(n+1) * 100 * time.Microsecond)
	}
	for p, want := range map[float64]time.Duration{50: 500 * time.Millisecond, 95: 950 * time.Millisecond, 99: 990 * time.Millisecond, 100: time.Second} {
		if got := all.percentile(p); got < want || got > want*102/100 {
			t.Errorf("p%.0f is %s, want %s and 2 %% at most", p, got, want)
		}
	}
	if none := (&times{}).percentile(99); none != 0 {
		t.Errorf("p99 of nothing is %s", none)
	}
	var long times
	long.add(2 * time.Hour)
	if got := long.percentile(50); got > 2*time.Hour || got < time.Hour {
		t.Errorf("p50 of two hours is %s", got)
	}
}
