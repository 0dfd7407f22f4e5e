//go:build !linux

package engine

import (
	"context"
	"errors"
	"io"
	"os"
)

var errSystem = errors.New("private engines run on Linux only; elsewhere give the addresses of running ones")

type process struct {
	*os.Process
	ended chan struct{}
	err   error
}

func (*process) signal(os.Signal) error { return errSystem }

func start(command, io.Writer) (*process, error) { return nil, errSystem }

func run(context.Context, command, io.Writer) error { return errSystem }

func kill([]*process) error { return nil }

type guard struct{}

func pause([]*process) (*guard, error) { return nil, errSystem }

func (*guard) resume() error { return errSystem }

func (*guard) close() error { return nil }

// TempDir returns an error: there are no engines.
func TempDir() (dir string, remove func() error, err error) { return "", nil, errSystem }
