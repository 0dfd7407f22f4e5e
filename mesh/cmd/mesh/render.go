package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"shop/mesh/render"
)

// committed is where this repository keeps what is rendered, from its root.
const committed = "mesh/envoy"

func renderCommand() *cobra.Command {
	f := &policyFlags{}
	cmd := &cobra.Command{
		Use:   "render [DIR]",
		Short: "Write the configuration of every Envoy",
		Long: "Write what the policy says as Envoy's configuration for containers, below DIR (" + committed + ") in one directory for each\n" +
			"workload; with --workload into DIR itself. A file changes by a rename, which a running Envoy notices.",
		Args: usage(cobra.MaximumNArgs(1)),
	}
	f.add(cmd)
	check := cmd.Flags().Bool("check", false, "write nothing; fail where a file is not what it would be")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := committed
		if len(args) == 1 {
			dir = args[0]
		}
		into := func(workload string) string {
			if f.workload != "" {
				return dir
			}
			return filepath.Join(dir, workload)
		}
		stale := false
		err := f.each(cmd.Context(), func(_ context.Context, workload string, files render.Files) error {
			to := into(workload)
			if *check {
				names, err := files.Stale(to)
				for _, name := range names {
					stale = true
					fmt.Fprintln(cmd.OutOrStdout(), "stale:", filepath.Join(to, name))
				}
				return err
			}
			changed, err := files.Write(to)
			for _, name := range changed {
				fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(to, name))
			}
			return err
		})
		if err == nil && stale {
			return errors.New("the configuration is stale; mesh render writes it")
		}
		return err
	}
	return cmd
}
