package dashboard

import (
	"math"
	"strconv"
	"strings"
)

// Text writes a value in a unit, as Grafana would show it in about three digits.
func Text(value float64, unit string) string {
	switch {
	case math.IsNaN(value):
		return "–"
	case math.IsInf(value, 0):
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	switch unit {
	case seconds:
		return duration(value)
	case ratio:
		return percent(100*value) + " %"
	case bytes:
		return scaled(value, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB"})
	case requests, calls, events, messages:
		return scaled(value, 1000, []string{"", "k", "M"}) + rates[unit]
	default:
		suffix, _ := strings.CutPrefix(unit, "suffix:")
		if suffix == unit {
			suffix = ""
		}
		return scaled(value, 1000, []string{"", "k", "M", "G"}) + suffix
	}
}

var rates = map[string]string{requests: " req/s", calls: " ops/s", events: " evt/s", messages: " msg/s"}

// word writes a value by the words for it, else in its unit.
func word(value float64, unit string, words []Word) string {
	for _, w := range words {
		if w.Value == strconv.FormatFloat(value, 'f', -1, 64) {
			return w.Text
		}
	}
	return Text(value, unit)
}

// percent keeps what is not whole from looking so: 99.95 is no 100.
func percent(v float64) string {
	if v > 99 && v < 100 {
		return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(min(v, 99.999), 'f', 3, 64), "0"), ".")
	}
	return digits(v)
}

func duration(s float64) string {
	size := math.Abs(s)
	switch {
	case size == 0:
		return "0 s"
	case size < 1e-3:
		return digits(s*1e6) + " µs"
	case size < 1:
		return digits(s*1e3) + " ms"
	case size < 120:
		return digits(s) + " s"
	case size < 2*3600:
		return digits(s/60) + " min"
	case size < 48*3600:
		return digits(s/3600) + " h"
	default:
		return digits(s/86400) + " days"
	}
}

func scaled(value, by float64, names []string) string {
	i := 0
	for math.Abs(value) >= by && i < len(names)-1 {
		value /= by
		i++
	}
	return strings.TrimSpace(digits(value) + " " + names[i])
}

// digits writes about three significant digits, without an exponent.
func digits(v float64) string {
	places := 0
	if v != math.Trunc(v) {
		places = max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	}
	text := strconv.FormatFloat(v, 'f', min(places, 6), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
