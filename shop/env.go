package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"shop/shop/dotenv"
)

// envCommand makes the settings of a service that is started by hand.
func envCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "env SERVICE",
		Short: "Make SERVICE/.env, with which scripts/start.sh starts one service by hand; what is there stays",
		Args:  cobra.ExactArgs(1),
	}
	root := cmd.Flags().String("root", ".", "folder of this repository")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		made, err := dotenv.Make(*root, args[0])
		if errors.Is(err, dotenv.ErrUnknown) {
			return usageError{fmt.Errorf("shop env: %w", err)}
		}
		if made {
			fmt.Fprintf(cmd.OutOrStdout(), "made %s/.env: its settings are yours to change\n", args[0])
		}
		return err
	}
	return cmd
}
