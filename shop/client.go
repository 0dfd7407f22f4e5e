package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"shop/shop/demo"
	"shop/shop/operator"
	"shop/shop/rest"
	"shop/shop/seed"
)

func demoCommand(at *address) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Walk the whole story against a running shop; stops at the first surprise",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo.Run(cmd.Context(), cmd.OutOrStdout(), at.public())
		},
	}
	at.publicFlags(cmd)
	return cmd
}

func seedCommand(at *address) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Make demo users and a few dozen products in a running shop; what is there stays",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return seedShop(cmd.Context(), cmd.OutOrStdout(), at.public())
		},
	}
	at.publicFlags(cmd)
	return cmd
}

func seedShop(ctx context.Context, out io.Writer, shop rest.Shop) error {
	progress := func() {}
	if terminal(os.Stdout) {
		bar := progressbar.Default(int64(seed.Steps()), "seeding")
		progress = func() { _ = bar.Add(1) }
	}
	made, err := seed.Run(ctx, shop, progress)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	fmt.Fprintf(out, "Seeded: %d users and %d products made, %d were there. Log in as %s with %q.\n",
		made.Users, made.Products, made.Kept, seed.Users[0], seed.Password)
	return nil
}

func orderCommand(at *address) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "order ID",
		Short: "Show what became of an order: states, events, notifications, trace ids",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return usageError{fmt.Errorf("shop order: %q is no order id", args[0])}
			}
			report, err := at.admin().Report(cmd.Context(), id)
			if errors.Is(err, operator.ErrNoOrder) {
				return fmt.Errorf("there is no order %d and never was", id)
			}
			if err != nil {
				return err
			}
			report.Print(cmd.OutOrStdout())
			return nil
		},
	}
	at.adminFlags(cmd)
	return cmd
}

func dlqCommand(at *address) *cobra.Command {
	cmd := &cobra.Command{Use: "dlq", Short: "Messages that consumers gave up: list them, replay them"}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the dead letters of every queue with their reasons",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			letters, err := at.admin().DeadLetters(cmd.Context())
			if err == nil {
				operator.PrintDeadLetters(cmd.OutOrStdout(), letters)
			}
			return err
		},
	}
	replay := &cobra.Command{
		Use:   "replay QUEUE [ID...]",
		Short: "Put dead letters back into their queue: those with these ids, else all",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := at.admin().Replay(cmd.Context(), args[0], args[1:]...)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d put back into %s\n", n, args[0])
			}
			return err
		},
	}
	cmd.AddCommand(list, replay)
	at.adminFlags(cmd)
	return cmd
}

func relayCommand(at *address) *cobra.Command {
	cmd := &cobra.Command{Use: "relay", Short: "Publishing of order's events: keep them in the outbox for a while, let them go"}
	turn := func(use, short string, held bool, done string) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				err := at.admin().HoldRelay(cmd.Context(), held)
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), done)
				}
				return err
			},
		}
	}
	cmd.AddCommand(
		turn("hold", "Keep events in the outbox; orders are taken as before, the metric order_outbox_held says so", true,
			"held: events wait in the outbox until shop relay release, or a restart of order"),
		turn("release", "Publish what waits, and go on", false, "released: what waited is published"))
	at.adminFlags(cmd)
	return cmd
}
