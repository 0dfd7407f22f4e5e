// Command bench measures the built shop beside bare references, interleaved in
// one run on one machine, and prints a table: figures compare within a run
// only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"shop/bench/load"
)

const connections = 32

func main() {
	rounds := flag.Int("rounds", 5, "how often each pair is measured; the median counts")
	length := flag.Duration("length", 3*time.Second, "length of one measurement")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, *length); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, length time.Duration) (err error) {
	dir, err := os.MkdirTemp("", "shop-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stage, err := newStage(ctx, dir)
	if err != nil {
		return err
	}
	defer stage.close()

	t := table.NewWriter()
	t.SetOutputMirror(os.Stdout)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"what", "shop", "reference", "ratio", "goal", "p50", "p99", "p99 / p50", "met"})
	for _, pair := range stage.pairs() {
		fmt.Fprintf(os.Stderr, "%s …\n", pair.name)
		row, err := measure(ctx, pair, rounds, length)
		if err != nil {
			return fmt.Errorf("%s: %w", pair.name, err)
		}
		t.AppendRow(row)
	}
	t.AppendRow(table.Row{"built binary to ready", stage.ready.Round(time.Millisecond), "", "", "≤ 1 s", "", "", "", yes(stage.ready <= time.Second)})
	const mebi = 1 << 20
	t.AppendRow(table.Row{"four services idle", fmt.Sprintf("%.0f MiB", float64(stage.idle)/mebi), "", "", "≤ 80 MiB", "", "", "", yes(stage.idle <= 80*mebi)})
	t.Render()
	fmt.Fprintf(os.Stdout, "%d connections, median of %d rounds of %s, shop and reference in turn.\n", connections, rounds, length)
	return nil
}

// pair is one thing measured and what it is measured against.
type pair struct {
	name      string
	goal      float64 // Of shop / reference.
	shop      func(context.Context, time.Duration) (load.Result, error)
	reference func(context.Context, time.Duration) (float64, error)
}

func measure(ctx context.Context, p pair, rounds int, length time.Duration) (table.Row, error) {
	const warmUp = time.Second
	if _, err := p.shop(ctx, warmUp); err != nil {
		return nil, err
	}
	if _, err := p.reference(ctx, warmUp); err != nil {
		return nil, err
	}
	var ours []load.Result
	var theirs []load.Result
	for range rounds {
		result, err := p.shop(ctx, length)
		if err != nil {
			return nil, err
		}
		rate, err := p.reference(ctx, length)
		if err != nil {
			return nil, err
		}
		ours, theirs = append(ours, result), append(theirs, load.Result{Throughput: rate})
	}
	shop, err := load.Median(ours)
	if err != nil {
		return nil, err
	}
	reference, err := load.Median(theirs)
	if err != nil {
		return nil, err
	}
	const tail = 10
	ratio, spread := shop.Throughput/reference.Throughput, float64(shop.P99)/float64(shop.P50)
	return table.Row{
		p.name, fmt.Sprintf("%.0f/s", shop.Throughput), fmt.Sprintf("%.0f/s", reference.Throughput), fmt.Sprintf("%.2f", ratio),
		fmt.Sprintf("≥ %.1f, p99 ≤ %d × p50", p.goal, tail),
		shop.P50.Round(10 * time.Microsecond), shop.P99.Round(10 * time.Microsecond), fmt.Sprintf("%.1f", spread),
		yes(ratio >= p.goal && spread <= tail),
	}, nil
}

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "NO"
}
