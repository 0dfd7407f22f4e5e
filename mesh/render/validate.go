package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Validate lets the Envoy at path say what is wrong with f; nil if it would start
// with it. The certificates that f names must be there.
func Validate(ctx context.Context, path string, f Files) error {
	static, err := Static(f)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mesh")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	name := filepath.Join(dir, "envoy.yaml")
	if err := os.WriteFile(name, static, 0o600); err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, path, "--mode", "validate", "--log-level", "error", "-c", name) //nolint:gosec // Envoy, as its caller found it.
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			return fmt.Errorf("run Envoy: %w", err)
		}
		return fmt.Errorf("refused by Envoy: %s", strings.TrimSpace(said.String()))
	}
	return nil
}
