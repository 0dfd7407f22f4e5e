//go:build !linux && !darwin

package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"shop/shop/local"
)

var errNoMesh = errors.New("--mesh runs on Linux and macOS only")

func buildMesh(context.Context, local.Options, []string, *os.File) (running, error) {
	return nil, errNoMesh
}

func podCommand() *cobra.Command {
	return &cobra.Command{Use: "pod", Hidden: true, RunE: func(*cobra.Command, []string) error { return errNoMesh }}
}
