package user

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"shop/kit/service"

	"shop/user/domain"
	"shop/user/ports"
)

// listPage is how many users are read at once.
const listPage = 500

// commands are the service's own subcommands: users list|activate|deactivate.
func commands(cli service.CLI[Config]) []*service.Command {
	users := &cobra.Command{
		Use: "users", Short: "List, activate and deactivate users", Args: service.Usage(needsVerb), RunE: func(*cobra.Command, []string) error { return nil },
	}
	users.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List all users, without contact data", Args: service.Usage(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error { return withDirectory(cli, cmd, list) },
		},
		&cobra.Command{
			Use: "activate NAME", Short: "Let a user log in again", Args: service.Usage(cobra.ExactArgs(1)),
			RunE: func(cmd *cobra.Command, args []string) error {
				return withDirectory(cli, cmd, setActive(args[0], true))
			},
		},
		&cobra.Command{
			Use: "deactivate NAME", Short: "Keep a user from logging in and revoke all tokens at once", Args: service.Usage(cobra.ExactArgs(1)),
			RunE: func(cmd *cobra.Command, args []string) error {
				return withDirectory(cli, cmd, setActive(args[0], false))
			},
		},
	)
	return []*service.Command{users}
}

func needsVerb(*cobra.Command, []string) error {
	return errors.New("users needs one of list, activate, deactivate")
}

// withDirectory runs do on the database of the configuration, also while the
// service is running on it.
func withDirectory(
	cli service.CLI[Config], cmd *cobra.Command, do func(context.Context, ports.Directory, io.Writer) error,
) error {
	cfg, err := cli.Load()
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	infra, closing, err := cli.Open(ctx, cfg, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	core, err := newCore(cfg, infra)
	if err == nil {
		err = do(ctx, core, cmd.OutOrStdout())
	}
	return errors.Join(err, closing(ctx))
}

func list(ctx context.Context, directory ports.Directory, w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tUSERNAME\tACTIVE\tCREATED")
	for after := domain.UserID(0); ; {
		users, err := directory.List(ctx, after, listPage)
		if err != nil {
			return err
		}
		for _, u := range users {
			fmt.Fprintf(table, "%d\t%s\t%t\t%s\n", u.ID, u.Name, u.Active, u.CreatedAt.Format(time.RFC3339))
			after = u.ID
		}
		if len(users) < listPage {
			break
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the users: %w", err)
	}
	return nil
}

func setActive(name string, active bool) func(context.Context, ports.Directory, io.Writer) error {
	return func(ctx context.Context, directory ports.Directory, w io.Writer) error {
		user, err := directory.SetActive(ctx, name, active)
		if errors.Is(err, domain.ErrUserNotFound) {
			return fmt.Errorf("there is no user %q", name)
		}
		if err != nil {
			return err
		}
		outcome := "can log in"
		if !active {
			outcome = "can't log in any more; all tokens are revoked"
		}
		fmt.Fprintf(w, "%s %s\n", user.Name, outcome)
		return nil
	}
}
