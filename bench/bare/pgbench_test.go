package bare

import "testing"

func TestThroughputIsReadFromWhatPgbenchPrints(t *testing.T) {
	const head = "pgbench (15.18)\nnumber of transactions actually processed: 5018\n"
	for name, test := range map[string]struct {
		printed string
		want    float64 // 0: an error.
	}{
		"all well": {head + "number of failed transactions: 0 (0.000%)\nlatency average = 29.292 ms\n" +
			"tps = 1092.447677 (without initial connection time)\n", 1092.447677},
		"before version 15": {head + "tps = 17.5 (without initial connection time)\n", 17.5},
		"failures":          {head + "number of failed transactions: 3 (0.010%)\ntps = 17.5 (without initial connection time)\n", 0},
		"too short":         {"number of failed transactions: 0 (NaN%)\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := throughput(test.printed)
			if got != test.want || (err != nil) != (test.want == 0) {
				t.Errorf("got %v (%v), want %v", got, err, test.want)
			}
		})
	}
}
