package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"shop/bench/load"
)

const mebi = 1 << 20

// report is the table of a stage.
type report struct {
	options
	table table.Writer
}

func newReport(title string, o options) *report {
	t := table.NewWriter()
	t.SetOutputMirror(os.Stdout)
	t.SetStyle(table.StyleLight)
	t.SetTitle(title)
	t.AppendHeader(table.Row{"what", "shop", "reference", "ratio", "goal", "p50", "p99", "p99 / p50", "met"})
	return &report{o, t}
}

// print ends the report; notes say how its figures came about.
func (r *report) print(notes ...string) {
	r.table.Render()
	notes = append([]string{
		fmt.Sprintf("%d connections, median of %d rounds of %s, shop and reference in turn.", connections, r.rounds, r.length),
	}, notes...)
	for _, note := range notes {
		fmt.Fprintln(os.Stdout, note)
	}
}

// announce tells who waits for the table what is being measured.
func announce(what string) { fmt.Fprintf(os.Stderr, "%s …\n", what) }

// figure adds what has no reference.
func (r *report) figure(what, value, goal string, met bool) {
	r.table.AppendRow(table.Row{what, value, "", "", goal, "", "", "", yes(met)})
}

// waits adds sorted durations, whose 95th percentile is to stay below most.
func (r *report) waits(what string, sorted []time.Duration, most time.Duration) {
	at := func(percent int) time.Duration {
		return sorted[(len(sorted)-1)*percent/100].Round(10 * time.Microsecond)
	}
	r.table.AppendRow(table.Row{
		what, fmt.Sprintf("p95 %s", at(95)), "", "", fmt.Sprintf("p95 ≤ %s", most), at(50), at(99), "", yes(at(95) <= most),
	})
}

// size adds a number of bytes that is to stay below most.
func (r *report) size(what string, bytes, most int64) {
	r.figure(what, fmt.Sprintf("%.0f MiB", float64(bytes)/mebi), fmt.Sprintf("≤ %d MiB", most/mebi), bytes <= most)
}

// pair is one thing measured and what it is measured against.
type pair struct {
	name      string
	goal      float64 // Of shop / reference.
	tail      float64 // The goal of p99 / p50; 0 = none.
	shop      attack
	reference func(context.Context, time.Duration) (float64, error)
}

// attack is a measurement of a given length.
type attack func(context.Context, time.Duration) (load.Result, error)

// rate is the throughput that the attack sees.
func (a attack) rate(ctx context.Context, d time.Duration) (float64, error) {
	result, err := a(ctx, d)
	return result.Throughput, err
}

// measure adds the pairs in their order.
func (r *report) measure(ctx context.Context, pairs []pair) error {
	for _, p := range pairs {
		announce(p.name)
		shop, reference, err := r.median(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		goal := fmt.Sprintf("≥ %g", p.goal)
		if p.tail > 0 {
			goal += fmt.Sprintf(", p99 ≤ %g × p50", p.tail)
		}
		ratio, spread := shop.Throughput/reference.Throughput, float64(shop.P99)/float64(shop.P50)
		r.table.AppendRow(table.Row{
			p.name, perSecond(shop.Throughput), perSecond(reference.Throughput), fmt.Sprintf("%.2f", ratio), goal,
			shop.P50.Round(10 * time.Microsecond), shop.P99.Round(10 * time.Microsecond), fmt.Sprintf("%.1f", spread),
			yes(ratio >= p.goal && (p.tail == 0 || spread <= p.tail)),
		})
	}
	return nil
}

func (r *report) median(ctx context.Context, p pair) (shop, reference load.Result, err error) {
	const warmUp = 2 * time.Second
	if _, err := p.shop(ctx, warmUp); err != nil {
		return shop, reference, err
	}
	if _, err := p.reference(ctx, warmUp); err != nil {
		return shop, reference, err
	}
	var ours, theirs []load.Result
	for range r.rounds {
		result, err := p.shop(ctx, r.length)
		if err != nil {
			return shop, reference, err
		}
		rate, err := p.reference(ctx, r.length)
		if err != nil {
			return shop, reference, err
		}
		ours, theirs = append(ours, result), append(theirs, load.Result{Throughput: rate})
	}
	if shop, err = load.Median(ours); err != nil {
		return shop, reference, err
	}
	reference, err = load.Median(theirs)
	return shop, reference, err
}

func perSecond(n float64) string { return fmt.Sprintf("%.0f/s", n) }

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "NO"
}
