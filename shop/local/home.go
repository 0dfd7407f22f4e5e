package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"shop/kit/testkit/engine"
)

// Home is what a shop lives on before its services run, however they run: its
// directory, which no other shop may use meanwhile, its secrets and its engines.
type Home struct {
	o       Options
	lock    *lock
	secrets map[string]string
	using   Engines
	engines []Engine
	private map[string]*engine.Server
}

// OpenHome makes what is missing in the data directory, starts the private
// engines and looks whether the given ones answer. Errors are one line a fault.
func OpenHome(ctx context.Context, o Options) (*Home, error) {
	h := &Home{o: o, private: map[string]*engine.Server{}}
	if err := h.open(ctx); err != nil {
		return nil, errors.Join(err, h.Close(context.WithoutCancel(ctx)))
	}
	return h, nil
}

func (h *Home) open(ctx context.Context) (err error) {
	if err := writable(h.o.Data); err != nil {
		return err
	}
	if h.lock, err = take(ctx, h.o.Data); err != nil {
		return err
	}
	if h.secrets, err = Secrets(filepath.Join(h.o.Data, "secrets")); err != nil {
		return err
	}
	return h.openEngines(ctx)
}

// Engines returns the engines that the shop uses; none without flags.
func (h *Home) Engines() []Engine { return h.engines }

// Lock returns the file by which others are kept out of the directory: they are
// for as long as any process has it open. nil where the system knows no such lock.
func (h *Home) Lock() *os.File { return h.lock.shared() }

// Close stops the private engines and lets others use the directory.
func (h *Home) Close(ctx context.Context) error {
	err := h.stopEngines(ctx)
	if h.lock != nil {
		err = errors.Join(err, h.lock.release())
	}
	return err
}

// writable makes dir and proves that files can be made in it.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data directory %s can't be made: %w", dir, errors.Unwrap(err))
	}
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("data directory %s can't be written: %w", dir, errors.Unwrap(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}
