package secrets

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// directories makes the directory of every owner, which nobody else can enter.
func (o Options) directories() error {
	var failed []error
	done := map[string]bool{}
	for _, f := range files {
		owner := path.Dir(f.path)
		if done[owner] {
			continue
		}
		done[owner] = true
		if err := o.directory(filepath.Join(o.Dir, owner), f.uid); err != nil {
			failed = append(failed, fmt.Errorf("secrets: %w", err))
		}
	}
	return errors.Join(failed...)
}

func (o Options) directory(dir string, uid int) error {
	const mode = 0o700
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	if err := os.Chmod(dir, mode); err != nil {
		return err
	}
	if !o.Own {
		return nil
	}
	return os.Chown(dir, uid, uid)
}

// write puts a secret where it belongs, whole or not at all.
func (o Options) write(f file, value string) error {
	name := filepath.Join(o.Dir, f.path)
	t, err := os.CreateTemp(filepath.Dir(name), ".new-*") // With mode 0600.
	if err != nil {
		return err
	}
	defer os.Remove(t.Name())
	_, err = t.WriteString(value + "\n")
	if o.Own {
		err = errors.Join(err, t.Chown(f.uid, f.uid))
	}
	if err := errors.Join(err, t.Sync(), t.Close()); err != nil {
		return err
	}
	return os.Rename(t.Name(), name)
}
