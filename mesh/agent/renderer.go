package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// renderTime is how long rendering may take, with the check by Envoy.
const renderTime = time.Minute

// unfinished is how the names of directories begin that are rendered into.
const unfinished = ".next-"

// tidy removes what an agent that was killed has left.
func (c *configuration) tidy() error {
	left, err := filepath.Glob(filepath.Join(c.a.o.Config, unfinished+"*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// render runs the command that renders, into a directory beside those files that
// Envoy reads, and returns that directory and what removes it.
func (c *configuration) render(ctx context.Context) (dir string, remove func(), err error) {
	if err := os.MkdirAll(c.a.o.Config, 0o755); err != nil { //nolint:gosec // There is no secret in it.
		return "", nil, fmt.Errorf("directory of the configuration: %w", err)
	}
	dir, err = os.MkdirTemp(c.a.o.Config, unfinished)
	if err != nil {
		return "", nil, fmt.Errorf("directory of the configuration: %w", err)
	}
	made := dir
	remove = func() { _ = os.RemoveAll(made) } // What is left of it harms nobody.
	defer func(remove func()) {
		if err != nil {
			remove()
		}
	}(remove)
	said, err := os.CreateTemp(dir, ".said-")
	if err != nil {
		return "", nil, err
	}
	defer said.Close()
	renderer, err := c.a.family.start(process{name: "renderer", args: append(slices.Clone(c.a.o.Render), dir), stdout: said, stderr: said})
	if err != nil {
		return "", nil, fmt.Errorf("render the configuration: %w", err)
	}
	defer renderer.killGroup()
	ctx, cancel := context.WithTimeoutCause(ctx, renderTime, fmt.Errorf("not within %s", renderTime))
	defer cancel()
	select {
	case <-renderer.ended:
	case <-ctx.Done():
		renderer.killGroup()
		<-renderer.ended
		return "", nil, fmt.Errorf("render the configuration: %w", context.Cause(ctx))
	}
	if renderer.code() == 0 {
		return dir, remove, nil
	}
	const enough = 64 << 10 // bytes
	if _, err := said.Seek(0, io.SeekStart); err != nil {
		return "", nil, err
	}
	text, err := io.ReadAll(io.LimitReader(said, enough))
	if err != nil {
		return "", nil, err
	}
	return "", nil, fmt.Errorf("render the configuration: %s: %s", renderer.how(), bytes.TrimSpace(text))
}
