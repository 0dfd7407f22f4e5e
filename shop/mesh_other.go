//go:build !linux && !darwin

package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"shop/shop/control"
	"shop/shop/local"
	"shop/shop/observe"
	"shop/shop/operator"
)

var errNoMesh = errors.New("--mesh runs on Linux and macOS only")

func buildMesh(context.Context, local.Options, []string, *os.File) (running, error) {
	return nil, errNoMesh
}

func faultsOf(running, *observe.Stack, operator.Admin) map[string]control.Begin { return nil }

func podCommand() *cobra.Command {
	return &cobra.Command{Use: "pod", Hidden: true, RunE: func(*cobra.Command, []string) error { return errNoMesh }}
}
