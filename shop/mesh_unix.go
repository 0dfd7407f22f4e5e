//go:build linux || darwin

package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"shop/kit/envoy"
	"shop/shop/control"
	"shop/shop/faults"
	"shop/shop/local"
	"shop/shop/observe"
	"shop/shop/operator"
	"shop/shop/pods"
)

// buildMesh builds a shop whose services are pods.
func buildMesh(ctx context.Context, o local.Options, overlays []string, output *os.File) (running, error) {
	program, err := envoy.Path(os.Getenv("ENVOY"))
	if err != nil {
		return nil, err
	}
	shop, err := pods.Build(ctx, pods.Options{Options: o, Envoy: program, Overlays: overlays, Output: output})
	var wrong pods.PolicyError
	if errors.As(err, &wrong) {
		return nil, usageError{wrong}
	}
	if err != nil {
		return nil, err
	}
	return shop, nil
}

// faultsOf returns what a drill can make fail in shop.
func faultsOf(shop running, stack *observe.Stack, admin operator.Admin) map[string]control.Begin {
	if meshed, ok := shop.(*pods.Shop); ok {
		return faults.Of(meshed, stack, admin)
	}
	return nil
}

// podCommand is what the processes of a mesh are started by.
func podCommand() *cobra.Command {
	cmd := &cobra.Command{Use: pods.Command, Short: "A part of a shop --mesh, which starts it", Hidden: true}
	cmd.AddCommand(
		&cobra.Command{Use: "run MANIFEST", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			code, err := pods.Main(cmd.Context(), args[0])
			if err == nil && code != 0 {
				err = exitCode(code)
			}
			return err
		}},
		&cobra.Command{Use: "render MANIFEST DIR", Args: cobra.ExactArgs(2), RunE: func(_ *cobra.Command, args []string) error {
			return pods.Render(args[0], args[1])
		}},
		&cobra.Command{Use: "serve MANIFEST", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			return pods.Serve(cmd.Context(), args[0])
		}},
	)
	return cmd
}
