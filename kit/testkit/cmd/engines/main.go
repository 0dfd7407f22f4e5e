// Command engines runs a command with private PostgreSQL, Redis and RabbitMQ
// servers, whose URLs it finds in the environment variables that tests look for:
//
//	go run ./kit/testkit/cmd/engines -- go test ./...
//
// An engine whose variable is set already is not started. The exit code is the
// command's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

const (
	exitFailure = 1
	exitUsage   = 2
	stopTime    = 30 * time.Second // For the command after a signal, and for each engine.
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: engines [--] COMMAND [ARGUMENT...]")
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		os.Exit(max(exit.ExitCode(), exitFailure)) // It has said what is wrong itself.
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "engines:", err)
		os.Exit(exitFailure)
	}
}

func run(ctx context.Context, args []string) (err error) {
	if _, err := exec.LookPath(args[0]); err != nil {
		return err
	}
	dir, remove, err := engine.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	engines := []*private{
		{variable: testkit.PostgresURL, start: engine.StartPostgres},
		{variable: testkit.RedisURL, start: engine.StartRedis},
		{variable: testkit.RabbitMQURL, start: engine.StartRabbitMQ},
	}
	defer func() {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		for _, e := range engines {
			err = errors.Join(err, e.stop(stopCtx))
		}
	}()
	group, groupCtx := errgroup.WithContext(ctx)
	for _, e := range engines {
		if os.Getenv(e.variable) == "" {
			group.Go(func() error { return e.open(groupCtx, dir) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // G204: that is what it is for.
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, os.Environ()
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, stopTime
	for _, e := range engines {
		if e.server != nil {
			cmd.Env = append(cmd.Env, e.variable+"="+e.server.URL())
		}
	}
	return cmd.Run()
}

// private is one engine of this command; its server is nil when the environment
// gives one.
type private struct {
	variable string
	start    func(context.Context, engine.Options) (*engine.Server, error)
	server   *engine.Server
}

func (p *private) open(ctx context.Context, dir string) (err error) {
	p.server, err = p.start(ctx, engine.Options{Dir: filepath.Join(dir, p.variable), Fast: true})
	return err
}

func (p *private) stop(ctx context.Context) error {
	if p.server == nil {
		return nil
	}
	return p.server.Stop(ctx)
}
