package service

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"shop/kit/sqldb"
)

// errNothingToAdopt is the answer of a service whose data are new.
var errNothingToAdopt = errors.New("the system before this one had no database for this service: there is nothing to adopt; the service makes its own tables when it starts")

// adoptCommand is migrate adopt [--dry-run].
func (s Spec[C]) adoptCommand() *cobra.Command {
	dry := false
	adopt := &cobra.Command{
		Use:   "adopt",
		Short: "Take over the database of the system before this one",
		Long: "Take over the PostgreSQL database of the system before this one, in one transaction. " +
			"The old tables are kept in the schema " + sqldb.OldSchema + ". Where anything does not fit, nothing is changed.",
		Args: Usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.Adoption == nil {
				return fmt.Errorf("%s: %w", s.Name, errNothingToAdopt)
			}
			return s.withDatabase(cmd, func(ctx context.Context, db *sqldb.DB) error {
				done, err := sqldb.Adopt(ctx, db, s.Migrations, *s.Adoption, dry)
				printAdopted(cmd.OutOrStdout(), done, dry, err)
				return err
			})
		},
	}
	adopt.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and change nothing")
	return adopt
}

// printAdopted says what was done or, where it was a dry run or refused, what
// would be.
func printAdopted(w io.Writer, done sqldb.Adopted, dry bool, err error) {
	if done.Database == "" { // It did not come as far as looking.
		return
	}
	keep, apply, carry := "kept", "applied", "copied"
	if dry || err != nil {
		keep, apply, carry = "to keep", "to apply", "to copy"
	}
	fmt.Fprintf(w, "database %s\n", done.Database)
	for _, table := range done.Tables {
		fmt.Fprintf(w, "  %s: the old table %s as %s.%[1]s\n", table.Name, keep, sqldb.OldSchema)
		fmt.Fprintf(w, "  %s: %d rows %s with their ids; the next id is %d\n", table.Name, table.Rows, carry, table.NextID)
	}
	for _, name := range done.Migrations {
		fmt.Fprintf(w, "  %s %s\n", name, apply)
	}
	for _, note := range done.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	switch {
	case err != nil:
	case dry:
		fmt.Fprintln(w, "dry run: nothing was changed")
	default:
		fmt.Fprintln(w, "adopted; the service can be started")
	}
}
