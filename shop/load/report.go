package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Report is what a load counted. Its JSON is for scripts.
type Report struct {
	Seconds      float64     `json:"seconds"` // Until the last answer.
	Requests     int         `json:"requests"`
	Failed       int         `json:"failed"`   // Not answered, or with another status than 2xx.
	Repeated     int         `json:"repeated"` // Sent again by the HTTP client, on another connection.
	OrdersPlaced int         `json:"orders_placed"`
	Latency      Latency     `json:"latency_ms"`
	Operations   []Operation `json:"operations"` // The most frequent first.
	Failures     []Failure   `json:"failures"`   // The first ten.
}

// Operation is what one kind of request was answered.
type Operation struct {
	Name    string         `json:"name"`
	Answers map[string]int `json:"answers"` // By status, or timeout, refused, reset, error.
	Latency Latency        `json:"latency_ms"`
}

// Latency is in milliseconds, from when a request was due to the end of its answer.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Failure is one request that failed.
type Failure struct {
	After     float64 `json:"after_seconds"` // Since the start of the load.
	Operation string  `json:"operation"`
	Answer    string  `json:"answer"`
	Why       string  `json:"why"`
	TraceID   string  `json:"trace_id,omitempty"`
}

func (o Operation) requests() int {
	n := 0
	for _, answers := range o.Answers {
		n += answers
	}
	return n
}

// Print writes the report for a person.
func (r Report) Print(out io.Writer) {
	fmt.Fprintf(out, "%d requests in %.1f s, %.1f a second: %d failed, %d sent again; %d orders placed\n\n",
		r.Requests, r.Seconds, float64(r.Requests)/max(r.Seconds, 0.001), r.Failed, r.Repeated, r.OrdersPlaced)
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "\trequests\tp50 ms\tp95\tp99\tmax\tanswers")
	row := func(name string, requests int, l Latency, answers string) {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%s\n", name, requests, l.P50, l.P95, l.P99, l.Max, answers)
	}
	for _, o := range r.Operations {
		var answers []string
		for _, status := range slices.Sorted(maps.Keys(o.Answers)) {
			answers = append(answers, fmt.Sprintf("%s×%d", status, o.Answers[status]))
		}
		row(o.Name, o.requests(), o.Latency, strings.Join(answers, " "))
	}
	row("all", r.Requests, r.Latency, "")
	_ = t.Flush()
	for n, f := range r.Failures {
		if n == 0 {
			fmt.Fprintln(out, "\nthe first failures:")
		}
		fmt.Fprintf(out, "  %8.3f s  %s: %s: %.200s%s\n", f.After, f.Operation, f.Answer, f.Why, trace(f.TraceID))
	}
}

func trace(id string) string {
	if id == "" {
		return ""
	}
	return " (trace " + id + ")"
}
