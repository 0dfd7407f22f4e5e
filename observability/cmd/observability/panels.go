package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"shop/kit/testkit/promapi"
	"shop/observability/dashboard"
)

func panelsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "panels",
		Short: "Show what every panel shows at this moment, in words",
		Long: "Ask a Prometheus what every panel of the dashboards asks, and print the answers. Fails where a query is refused,\n" +
			"or has no answer and is not one of those that have none while all is well.",
		Args: cobra.NoArgs,
	}
	url := cmd.Flags().String("prometheus", "http://127.0.0.1:9090", "the Prometheus to ask")
	interval := cmd.Flags().Duration("rate-interval", 40*time.Second, "the window of rates: four scrapes, as Grafana has it")
	only := cmd.Flags().StringSlice("dashboard", nil, "only these dashboards, by uid")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p := printer{client: promapi.New(*url), out: cmd.OutOrStdout(), interval: fmt.Sprintf("%dms", interval.Milliseconds())}
		for _, b := range dashboard.All() {
			if len(*only) == 0 || slices.Contains(*only, b.UID) {
				p.board(cmd.Context(), b)
			}
		}
		return errors.Join(p.faults...)
	}
	return cmd
}

// most is how many lines a panel has at most: a laptop shows no more either.
const most = 16

// printer writes what panels show.
type printer struct {
	client   *promapi.Client
	out      io.Writer
	interval string
	faults   []error
}

func (p *printer) board(ctx context.Context, b dashboard.Board) {
	fmt.Fprintf(p.out, "══ %s  /d/%s\n", b.Title, b.UID)
	for _, q := range b.Questions {
		fmt.Fprintf(p.out, "\n── %s\n", q.Ask)
		for _, panel := range q.Panels {
			p.panel(ctx, b, panel)
		}
	}
	fmt.Fprintln(p.out)
}

func (p *printer) panel(ctx context.Context, b dashboard.Board, panel dashboard.Panel) {
	fmt.Fprintf(p.out, "   %s\n", b.Titled(panel))
	answers := make([]dashboard.Answer, len(panel.Queries))
	for i, q := range panel.Queries {
		samples, err := p.client.Vector(ctx, b.Fill(q.Expr, p.interval))
		if err != nil {
			p.faults = append(p.faults, fmt.Errorf("%s: %s: %w", b.Name(panel), q.Legend, err))
			continue
		}
		for _, s := range samples {
			answers[i] = append(answers[i], dashboard.Sample{Labels: s.Labels, Value: s.Value})
		}
		if answers[i].None() && q.Quiet == "" {
			p.faults = append(p.faults, fmt.Errorf("%s: %s: no answer", b.Name(panel), q.Legend))
		}
	}
	lines := panel.Describe(answers)
	for _, line := range lines[:min(most, len(lines))] {
		fmt.Fprintln(p.out, "      "+line)
	}
	if len(lines) > most {
		fmt.Fprintf(p.out, "      … and %d more\n", len(lines)-most)
	}
	if len(lines) == 0 {
		fmt.Fprintln(p.out, "      none: "+panel.Queries[0].Quiet)
	}
}
