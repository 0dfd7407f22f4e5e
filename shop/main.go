// Command shop runs the whole shop on one machine, and is the operator's tool
// for a shop that runs anywhere.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"shop/kit/config"
)

// Exit codes.
const (
	exitFailure  = 1
	exitSettings = 2 // Wrong settings or usage.
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the default is back: a second one ends at once.
	context.AfterFunc(ctx, stop)

	err := newRoot().ExecuteContext(ctx)
	var told exitCode
	var ended interface{ ExitCode() int } // Of a part of the shop, whose code is the shop's.
	switch usage := (usageError{}); {
	case err == nil:
		return 0
	case errors.As(err, &told):
		return int(told)
	case errors.As(err, &ended):
		fmt.Fprintln(os.Stderr, "shop:", err)
		return ended.ExitCode()
	case errors.As(err, new(config.Faults)), errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, err)
		return exitSettings
	default:
		fmt.Fprintln(os.Stderr, "shop:", err)
		return exitFailure
	}
}

// usageError is a command line that can't be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitCode is an end that has been told of already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }
