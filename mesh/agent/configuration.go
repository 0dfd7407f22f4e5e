package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// awaitUpdate returns when Envoy has read its files since before; an error says
// that it has not taken them.
func (a admin) awaitUpdate(ctx context.Context, before updates) error {
	ctx, cancel := context.WithTimeout(ctx, adminTime)
	defer cancel()
	again := time.NewTicker(adminPoll)
	defer again.Stop()
	last := before
	for {
		select {
		case <-ctx.Done():
			return errors.New("Envoy has not read it") //nolint:staticcheck // A name.
		case <-again.C:
		}
		now, err := a.updates(ctx)
		if err != nil {
			return err
		}
		if now.refused > before.refused {
			return errors.New("Envoy refuses it; its log says which part and why") //nolint:staticcheck // A name.
		}
		if now.read > before.read && now == last {
			return nil
		}
		last = now
	}
}

// render runs the command that renders, into a directory beside those files that
// Envoy reads, and returns that directory and what removes it.
func (c *configuration) render(ctx context.Context) (dir string, remove func(), err error) {
	if err := os.MkdirAll(c.a.o.Config, 0o755); err != nil { //nolint:gosec // There is no secret in it.
		return "", nil, fmt.Errorf("directory of the configuration: %w", err)
	}
	dir, err = os.MkdirTemp(c.a.o.Config, ".next-")
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
	select {
	case <-renderer.ended:
	case <-ctx.Done():
		renderer.killGroup()
		<-renderer.ended
		return "", nil, context.Cause(ctx)
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

// replaced are files that others have taken the place of, in the order in which
// it happened; nil = there was none.
type replaced []replacedFile

type replacedFile struct {
	name    string
	content []byte
}

func (r replaced) names() []string {
	names := make([]string, len(r))
	for i, f := range r {
		names[i] = f.name
	}
	return names
}

// replace renames the files in dir over those of Envoy that differ, which is what
// Envoy looks for.
func (c *configuration) replace(dir string) (replaced, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	order := []string{clustersFile, listenersFile, bootstrapFile} // All others have the index -1.
	slices.SortStableFunc(names, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	var old replaced
	for _, name := range names {
		target := filepath.Join(c.a.o.Config, name)
		before, err := os.ReadFile(target) //nolint:gosec // Below the operator's own directory.
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return old, err
		}
		after, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // As above.
		if err != nil {
			return old, err
		}
		if before != nil && bytes.Equal(before, after) {
			continue
		}
		if err := os.Rename(filepath.Join(dir, name), target); err != nil {
			return old, err
		}
		old = append(old, replacedFile{name, before})
	}
	return old, nil
}

// putBack makes the files on disk those that Envoy runs on again.
func (c *configuration) putBack(old replaced) error {
	for _, f := range slices.Backward(old) {
		target := filepath.Join(c.a.o.Config, f.name)
		if f.content == nil {
			if err := os.Remove(target); err != nil {
				return err
			}
			continue
		}
		temporary := filepath.Join(c.a.o.Config, ".old-"+f.name)
		if err := os.WriteFile(temporary, f.content, 0o644); err != nil { //nolint:gosec // There is no secret in it.
			return err
		}
		if err := os.Rename(temporary, target); err != nil {
			return err
		}
	}
	return nil
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
