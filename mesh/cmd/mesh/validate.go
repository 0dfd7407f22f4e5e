package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"shop/kit/envoy"
	"shop/mesh/ca"
	"shop/mesh/policy"
	"shop/mesh/render"
)

func validateCommand() *cobra.Command {
	f := &policyFlags{}
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Let Envoy itself check the configuration of every workload",
		Long: "Render every workload and let Envoy say whether it would start with that, with certificates that are made for it and thrown\n" +
			"away. ENVOY names the program, if it is not on PATH.",
		Args: usage(cobra.NoArgs),
	}
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		program, err := envoy.Path(os.Getenv("ENVOY"))
		if err != nil {
			return err
		}
		dir, err := os.MkdirTemp("", "mesh")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err := throwaway(cmd.Context(), dir); err != nil {
			return fmt.Errorf("make certificates: %w", err)
		}
		f.certs = filepath.Join(dir, policy.EdgeName) // Whose they are Envoy does not ask here.
		if f.publicCerts != "" {
			f.publicCerts = f.certs
		}
		var failed error
		err = f.each(cmd.Context(), func(ctx context.Context, workload string, files render.Files) error {
			if err := render.Validate(ctx, program, files); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", workload, err))
				return ctx.Err()
			}
			fmt.Fprintln(cmd.OutOrStdout(), workload+": ok")
			return nil
		})
		return errors.Join(err, failed)
	}
	return cmd
}

// throwaway puts certificates of one identity below dir.
func throwaway(ctx context.Context, dir string) error {
	authority, err := ca.New(ca.Options{Dir: dir, Identities: []ca.Identity{{Name: policy.EdgeName}}})
	if err != nil {
		return err
	}
	return authority.Once(ctx)
}
