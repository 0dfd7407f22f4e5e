package main

import "testing"

func TestSumAddsUpTheSeriesOfAMetric(t *testing.T) {
	const text = "# TYPE waiting gauge\nwaiting{channel=\"log\"} 2\nwaiting{channel=\"sms\"} 3\nwaiting_total 7\nidle 0\n"
	for name, want := range map[string]float64{"waiting": 5, "waiting_total": 7, "idle": 0} {
		if got, err := sum([]byte(text), name); err != nil || got != want {
			t.Errorf("%s: got %v (%v), want %v", name, got, err, want)
		}
	}
	if _, err := sum([]byte(text), "gone"); err == nil {
		t.Error("a metric that does not exist adds up to something")
	}
}
