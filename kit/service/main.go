package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"shop/kit/config"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2   // The command line or the configuration is wrong.
	exitInterrupted = 130 // Killed by a second signal.
)

// Main is the whole of a service's command: serve (also without a subcommand),
// migrate, health, check-config and the service's own. It returns the exit code:
// 0, 1 for a failure, 2 for a wrong configuration or command line. SIGINT and
// SIGTERM stop the service in order, a second one at once.
func Main[C Settings](spec Spec[C]) int {
	ctx, stop := Interruptible(context.Background())
	defer stop()
	return spec.Execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// Interruptible returns a context that ends at the first SIGINT or SIGTERM. A
// second one ends the process at once. stop gives the signals their usual meaning
// back.
func Interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
		if _, again := <-signals; again {
			os.Exit(exitInterrupted)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

// Command is a subcommand of a service.
type Command = cobra.Command

// CLI is what a service's own subcommands work with.
type CLI[C Settings] struct{ spec Spec[C] }

// Load reads the configuration as serve does.
func (c CLI[C]) Load() (C, error) { return c.spec.Load() }

// Open opens telemetry (which logs to w), the migrated database and the bus.
// The caller calls closing when it is done.
func (c CLI[C]) Open(ctx context.Context, cfg C, w io.Writer) (infra Infra, closing func(context.Context) error, err error) {
	i := &Instance{cfg: cfg.Common()}
	if err := c.spec.open(ctx, cfg, Parts{LogWriter: w}, i); err != nil {
		return Infra{}, nil, errors.Join(fmt.Errorf("%s: %w", c.spec.Name, err), i.Close(ctx))
	}
	return i.Infra, i.Close, nil
}

// Load reads the configuration of the service from the environment and the .env
// file of the working directory.
func (s Spec[C]) Load(options ...config.Option) (C, error) {
	return config.Load[C](append([]config.Option{config.Defaults(s.Defaults)}, options...)...)
}

// Execute runs one command line and returns its exit code.
func (s Spec[C]) Execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           s.Name,
		Short:         "The " + s.Name + " service",
		Long:          "The " + s.Name + " service. Its settings are environment variables, or lines of a .env file here; .env.example lists them.",
		Version:       BuildVersion() + " (" + BuildRevision() + ")",
		Args:          Usage(cobra.NoArgs),
		RunE:          s.serve,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		&cobra.Command{Use: "serve", Short: "Serve until interrupted (the default)", Args: Usage(cobra.NoArgs), RunE: s.serve},
		s.migrateCommand(),
		&cobra.Command{Use: "health", Short: "Ask the service that runs here whether it is ready", Args: Usage(cobra.NoArgs), RunE: s.health},
		&cobra.Command{Use: "check-config", Short: "Show the settings, or everything that is wrong with them", Args: Usage(cobra.NoArgs), RunE: s.checkConfig},
	)
	if s.Commands != nil {
		root.AddCommand(s.Commands(CLI[C]{s})...)
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return s.report(root.ExecuteContext(ctx), stderr)
}

// report tells the user what went wrong and returns the exit code.
func (s Spec[C]) report(err error, stderr io.Writer) int {
	var faults config.Faults
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &faults):
		fmt.Fprintf(stderr, "%s: the configuration is wrong:\n", s.Name)
		for line := range strings.Lines(faults.Error()) {
			fmt.Fprintf(stderr, "  %s\n", strings.TrimSuffix(line, "\n"))
		}
		return exitUsage
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "%s: %v; see %s --help\n", s.Name, err, s.Name)
		return exitUsage
	default:
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
}

// usageError is a wrong command line.
type usageError struct{ error }

// Usage makes what check finds a wrong command line, for a service's own
// subcommands: exit code 2 and a hint to --help.
func Usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

func (s Spec[C]) serve(cmd *cobra.Command, _ []string) error {
	SetMemory()
	cfg, err := s.Load()
	if err != nil {
		return err
	}
	if err := OTelFromDotenv("."); err != nil {
		return err
	}
	i, err := s.Build(cmd.Context(), cfg, Parts{LogWriter: cmd.OutOrStdout()})
	if err != nil {
		return err
	}
	return Run(cmd.Context(), nil, i)
}

func (s Spec[C]) checkConfig(cmd *cobra.Command, _ []string) error {
	cfg, err := s.Load()
	if err != nil {
		return err
	}
	return config.Print(cmd.OutOrStdout(), cfg)
}

// OTelFromDotenv moves the OTEL_* lines of the .env file in dir into the
// environment, which is the only place where OpenTelemetry looks. Variables that
// are set already stay. Call it from a main, before telemetry is made.
func OTelFromDotenv(dir string) error {
	values, err := config.Dotenv(dir)
	if err != nil {
		return err
	}
	for name, value := range values {
		if _, set := os.LookupEnv(name); set || !strings.HasPrefix(name, "OTEL_") {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}
