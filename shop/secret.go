package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"shop/shop/secrets"
)

// secretsCommand makes the secrets of a deployed shop.
func secretsCommand() *cobra.Command {
	o, renew, swap := secrets.Options{}, "", false
	cmd := &cobra.Command{
		Use:   "secrets --dir DIR",
		Short: "Make the keys and passwords of a deployed shop that are missing; what is there is never changed",
		Long: "Every secret is a file DIR/OWNER/NAME that one part of the shop reads: OWNER is a volume in Compose, a Secret in Kubernetes.\n" +
			"What is missing is made from random bytes; what is too weak, or does not fit another, is told.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			made, err := madeSecrets(o, renew, swap)
			for _, path := range made {
				fmt.Fprintln(cmd.OutOrStdout(), "made", path)
			}
			if err != nil {
				return usageError{err}
			}
			if len(made) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "all secrets are there")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "", "where the secrets lie")
	cmd.Flags().BoolVar(&o.Own, "own", false, "give each file to the user that reads it in Compose; needs root")
	cmd.Flags().StringVar(&renew, "renew", "", "make this one anew: OWNER/NAME, and what was made from it")
	cmd.Flags().BoolVar(&swap, "swap-keys", false, "let user/secret_key_previous sign, and user/secret_key be the previous")
	cmd.MarkFlagsMutuallyExclusive("renew", "swap-keys")
	_ = cmd.MarkFlagRequired("dir") // It is a flag of this command.
	return cmd
}

// madeSecrets makes what is missing, or changes what is there.
func madeSecrets(o secrets.Options, renew string, swap bool) ([]string, error) {
	switch {
	case renew != "":
		return secrets.Renew(o, renew)
	case swap:
		return secrets.SwapKeys(o)
	}
	return secrets.Make(o)
}
