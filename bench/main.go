// Command bench measures the built shop beside bare references, interleaved in
// one run on one machine, and prints a table for each stage: figures compare
// within a run only.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

const connections = 32

// options say how long a run takes.
type options struct {
	rounds int
	length time.Duration
	steady time.Duration
}

func main() {
	var o options
	stage := flag.String("stage", "all", "what is measured: sqlite (the shop in one process), engines (four processes on PostgreSQL, Redis, RabbitMQ), mesh (a hop through two sidecars), telemetry (with spans and without) or all, one after the other")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each pair is measured; the median counts")
	flag.DurationVar(&o.length, "length", 3*time.Second, "length of one measurement")
	flag.DurationVar(&o.steady, "steady", 20*time.Second, "length of the load at a fixed rate")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *stage, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, wanted string, o options) error {
	found := false
	for _, stage := range []struct {
		name    string
		measure func(context.Context, options) error
	}{{"sqlite", onSQLite}, {"engines", onEngines}, {"mesh", onMesh}, {"telemetry", onTelemetry}} {
		if wanted != "all" && wanted != stage.name {
			continue
		}
		found = true
		if err := stage.measure(ctx, o); err != nil {
			return fmt.Errorf("stage %s: %w", stage.name, err)
		}
	}
	if !found {
		return fmt.Errorf("there is no stage %q, but sqlite, engines, mesh, telemetry and all", wanted)
	}
	return nil
}
