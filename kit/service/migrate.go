package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"shop/kit/sqldb"
)

// migrateCommand is migrate up|down [n]|to VERSION|history|current|adopt.
func (s Spec[C]) migrateCommand() *cobra.Command {
	migrate := &cobra.Command{
		Use:   "migrate",
		Short: "Change or show the version of the database",
		Args:  Usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("migrate needs one of up, down, to, history, current, adopt")}
		},
	}
	migrate.AddCommand(
		s.migration("up", "Apply every migration that is missing", cobra.NoArgs,
			func(ctx context.Context, m *sqldb.Migrator, _ int64, w io.Writer) error {
				done, err := m.Up(ctx)
				return printDone(w, "applied", done, err)
			}),
		s.migration("down [n]", "Take back the newest n migrations (default 1)", cobra.MaximumNArgs(1),
			func(ctx context.Context, m *sqldb.Migrator, n int64, w io.Writer) error {
				done, err := m.Down(ctx, int(n))
				return printDone(w, "took back", done, err)
			}),
		s.migration("to VERSION", "Apply or take back what leads to a version; 0 takes back all", cobra.ExactArgs(1),
			func(ctx context.Context, m *sqldb.Migrator, version int64, w io.Writer) error {
				before, err := m.Current(ctx)
				if err != nil {
					return err
				}
				verb := "applied"
				if version < before {
					verb = "took back"
				}
				done, err := m.To(ctx, version)
				return printDone(w, verb, done, err)
			}),
		s.migration("history", "List the migrations and when they were applied", cobra.NoArgs,
			func(ctx context.Context, m *sqldb.Migrator, _ int64, w io.Writer) error {
				all, err := m.History(ctx)
				for _, step := range all {
					at := "not applied"
					if !step.AppliedAt.IsZero() {
						at = step.AppliedAt.Format(time.RFC3339)
					}
					fmt.Fprintf(w, "%-40s %s\n", step.Name, at)
				}
				return err
			}),
		s.migration("current", "Print the version of the database", cobra.NoArgs,
			func(ctx context.Context, m *sqldb.Migrator, _ int64, w io.Writer) error {
				version, err := m.Current(ctx)
				if err == nil {
					fmt.Fprintln(w, version)
				}
				return err
			}),
		s.adoptCommand(),
	)
	return migrate
}

// migration returns a subcommand that works on the database of the
// configuration. n is its argument, 1 if there is none.
func (s Spec[C]) migration(use, short string, args cobra.PositionalArgs,
	do func(ctx context.Context, m *sqldb.Migrator, n int64, w io.Writer) error,
) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: Usage(args), RunE: func(cmd *cobra.Command, args []string) error {
		n := int64(1)
		if len(args) == 1 {
			var err error
			if n, err = strconv.ParseInt(args[0], 10, 32); err != nil || n < 0 {
				return usageError{fmt.Errorf("%q is no whole number from 0 on", args[0])}
			}
		}
		return s.withDatabase(cmd, func(ctx context.Context, db *sqldb.DB) error {
			m, err := sqldb.NewMigrator(db, s.Migrations)
			if err != nil {
				return err
			}
			return do(ctx, m, n, cmd.OutOrStdout())
		})
	}}
}

// withDatabase opens the database of the configuration for do, and closes it.
func (s Spec[C]) withDatabase(cmd *cobra.Command, do func(ctx context.Context, db *sqldb.DB) error) error {
	cfg, err := s.Load()
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	i := &Instance{cfg: cfg.Common()}
	if err = s.openDatabase(ctx, Parts{LogWriter: cmd.ErrOrStderr()}, i); err == nil {
		err = do(ctx, i.Infra.DB)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", s.Name, err)
	}
	return errors.Join(err, i.Close(ctx))
}

func printDone(w io.Writer, verb string, done []sqldb.Migration, err error) error {
	for _, step := range done {
		fmt.Fprintf(w, "%s %s (%d ms)\n", verb, step.Name, step.Took.Milliseconds())
	}
	if len(done) == 0 && err == nil {
		fmt.Fprintln(w, "nothing to do")
	}
	return err
}
