package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Files of a configuration that Envoy must meet in an order: clusters before the
// listeners that name them, all others before both.
const (
	bootstrapFile = "bootstrap.yaml" // Read at Envoy's start only.
	clustersFile  = "cds.yaml"
	listenersFile = "lds.yaml"
)

// configuration is what Envoy runs on, and the inputs that it was made of.
type configuration struct {
	a     *Agent
	made  [sha256.Size]byte // Digest of the inputs that were rendered last,
	seen  [sha256.Size]byte // and of those that were looked at last.
	again time.Time         // When a rendering that failed is tried again; zero = it did not.
	said  string            // The last complaint.
}

func newConfiguration(a *Agent) *configuration { return &configuration{a: a} }

// retry is how long after a failure the same inputs are tried again.
const retry = time.Minute

// first renders before Envoy runs.
func (c *configuration) first(ctx context.Context) error {
	if err := c.tidy(); err != nil {
		return fmt.Errorf("directory of the configuration: %w", err)
	}
	c.made = c.digest()
	c.seen = c.made
	if len(c.a.o.Render) == 0 {
		if _, err := os.Stat(filepath.Join(c.a.o.Config, bootstrapFile)); err != nil {
			return fmt.Errorf("configuration of Envoy: %w", err)
		}
		return nil
	}
	next, remove, err := c.render(ctx)
	if err != nil {
		return err
	}
	defer remove()
	_, err = c.replace(next)
	return err
}

// look renders again when inputs have changed and stand still, and gives the
// result to Envoy. On an error what Envoy runs on stays.
func (c *configuration) look(ctx context.Context) {
	if len(c.a.o.Render) == 0 {
		return
	}
	now := c.digest()
	still := now == c.seen
	c.seen = now
	due := now != c.made || !c.again.IsZero() && time.Now().After(c.again)
	if !still || !due {
		return
	}
	changed, err := c.update(ctx)
	giveBack()
	if ctx.Err() != nil {
		return
	}
	c.made, c.again = now, time.Time{}
	if err != nil {
		c.again = time.Now().Add(retry)
		c.a.status.renders.refused.Add(1)
		c.a.status.configBad.Store(true)
		if err.Error() != c.said {
			c.said = err.Error()
			c.a.o.Log.Error("the new configuration is not taken; Envoy serves with the old one", "error", c.said)
		}
		return
	}
	c.said = ""
	c.a.status.configBad.Store(false)
	c.a.status.renders.taken.Add(1)
	c.a.o.Log.Info("new configuration taken", "changed", changed)
	if slices.Contains(changed, bootstrapFile) {
		c.a.status.restart.Store(true)
		c.a.o.Log.Warn("a part of the new configuration counts from Envoy's next start on", "file", bootstrapFile)
	}
}

// update renders and gives the result to Envoy.
func (c *configuration) update(ctx context.Context) (changed []string, err error) {
	next, remove, err := c.render(ctx)
	if err != nil {
		return nil, err
	}
	defer remove()
	before, err := c.a.admin.updates(ctx)
	if err != nil {
		return nil, err
	}
	old, err := c.replace(next)
	if err == nil && slices.ContainsFunc(old.names(), func(name string) bool { return name != bootstrapFile }) {
		err = c.a.admin.awaitUpdate(ctx, before)
	}
	if err != nil && ctx.Err() == nil {
		err = errors.Join(err, c.putBack(old))
	}
	return old.names(), err
}

// digest tells one state of the inputs from another.
func (c *configuration) digest() [sha256.Size]byte {
	h := sha256.New()
	for _, path := range c.a.o.Inputs {
		content, err := os.ReadFile(path) //nolint:gosec // The operator's own file.
		fmt.Fprintln(h, path, err, len(content))
		_, _ = h.Write(content) // It never fails.
	}
	return [sha256.Size]byte(h.Sum(nil))
}
