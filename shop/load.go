package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"shop/shop/load"
)

func loadCommand(at *address) *cobra.Command {
	o := load.Options{}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Send a running shop requests at a fixed rate and count every answer; exit code 1 when one failed",
		Long: "Makes buyers and products of its own, sends reads, searches, validations and orders at a fixed rate, whether or not answers come,\n" +
			"and counts them. Whatever is not answered with 2xx has failed. Ctrl-C ends it with its report.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Shop, o.Progress = at.public(), cmd.ErrOrStderr()
			if err := o.Check(); err != nil {
				return usageError{fmt.Errorf("shop load: %w", err)}
			}
			report, err := load.Run(cmd.Context(), o)
			if report.Requests == 0 && err != nil {
				return fmt.Errorf("load: %w", err)
			}
			if asJSON {
				_ = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				report.Print(cmd.OutOrStdout())
			}
			if err != nil {
				return fmt.Errorf("load: %w", err)
			}
			if report.Failed > 0 {
				return exitCode(exitFailure)
			}
			return nil
		},
	}
	at.publicFlags(cmd)
	cmd.Flags().IntVar(&o.Rate, "rate", 100, "requests a second")
	cmd.Flags().DurationVar(&o.Duration, "duration", time.Minute, "how long; 0 is until Ctrl-C")
	cmd.Flags().DurationVar(&o.Timeout, "timeout", 10*time.Second, "an answer that takes longer is a failure")
	cmd.Flags().IntVar(&o.Buyers, "buyers", 5, "accounts to make; an edge lets 60 a minute register")
	cmd.Flags().IntVar(&o.Products, "products", 10, "products to make, and to take off sale at the end")
	cmd.Flags().BoolVar(&asJSON, "json", false, "report as JSON")
	return cmd
}
