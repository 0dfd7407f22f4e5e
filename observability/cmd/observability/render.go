package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"shop/observability/dashboard"
)

// committed is where this repository keeps what is rendered, from its root.
const committed = "observability/grafana/dashboards"

func renderCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "render [DIR]",
		Short: "Write the dashboards as Grafana reads them",
		Long:  "Write the dashboards as Grafana reads them, one file each, into DIR (" + committed + ").",
		Args:  cobra.MaximumNArgs(1),
	}
	check := cmd.Flags().Bool("check", false, "write nothing; fail where a file is not what it would be")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := committed
		if len(args) == 1 {
			dir = args[0]
		}
		stale := false
		for _, b := range dashboard.All() {
			file := filepath.Join(dir, b.UID+".json")
			text, err := b.Dashboard().JSON()
			if err != nil {
				return err
			}
			before, err := os.ReadFile(file) //nolint:gosec // G304: where the caller wants it.
			if err == nil && bytes.Equal(before, text) {
				continue
			}
			if *check {
				stale = true
				fmt.Fprintln(cmd.OutOrStdout(), "stale:", file)
				continue
			}
			if err := os.WriteFile(file, text, 0o644); err != nil { //nolint:gosec // G306: Grafana's user reads it.
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), file)
		}
		if stale {
			return errors.New("dashboards are stale; observability render writes them")
		}
		return nil
	}
	return cmd
}
