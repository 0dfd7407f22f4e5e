package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Names in an identity's directory, those of Kubernetes' secret volumes: every
// generation is a directory of its own, one link tells which counts, and the
// visible files are links through it. So all three change in one rename.
const (
	dataLink    = "..data"
	dataLinkNew = "..data_tmp"
	generation  = "..2006_01_02_15_04_05." // A time, followed by random digits.
)

// Write puts f into dir, which is made when it is missing, in place of what was
// there: a reader that follows the link once sees all of the old or all of the
// new. The generation before stays for readers that are late, older ones go. The
// key can be read by its owner only. On an error what was there still counts.
func Write(dir string, f Files, owner Owner, now time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // Certificates are public; the key's own mode protects it.
		return err
	}
	previous, err := os.Readlink(filepath.Join(dir, dataLink))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	made, err := writeGeneration(dir, f, owner, now)
	if err != nil {
		return err
	}
	if err := pointTo(dir, dataLink, made); err != nil {
		return errors.Join(err, os.RemoveAll(filepath.Join(dir, made)))
	}
	for _, file := range []string{CAFile, KeyFile, CertFile} { // The one that others wait for comes last.
		want := filepath.Join(dataLink, file)
		if got, err := os.Readlink(filepath.Join(dir, file)); err == nil && got == want {
			continue
		}
		if err := pointTo(dir, file, want); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(dir), prune(dir, made, previous))
}

// writeGeneration makes a directory below dir with the files and returns its
// name. It leaves nothing behind when it fails.
func writeGeneration(dir string, f Files, owner Owner, now time.Time) (name string, err error) {
	path, err := os.MkdirTemp(dir, now.UTC().Format(generation))
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}()
	for file, content := range map[string][]byte{CertFile: f.Cert, CAFile: f.CA} {
		if err := writeFile(filepath.Join(path, file), content, 0o644, owner); err != nil {
			return "", err
		}
	}
	if err := writeFile(filepath.Join(path, KeyFile), f.Key, keyMode, owner); err != nil {
		return "", err
	}
	d, err := os.Open(path) //nolint:gosec // Made above.
	if err != nil {
		return "", err
	}
	return filepath.Base(path), errors.Join(owner.take(d), d.Chmod(0o755), d.Sync(), d.Close())
}

func writeFile(path string, content []byte, mode fs.FileMode, owner Owner) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // Below the operator's own directory.
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Chmod(mode), owner.take(file), file.Sync(), file.Close())
}

// pointTo makes dir/link a link to target, atomically in place of what it was.
func pointTo(dir, link, target string) error {
	temporary := filepath.Join(dir, dataLinkNew)
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(dir, link)); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

// prune removes the generations that are not named.
func prune(dir string, keep ...string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range entries {
		if !e.IsDir() || !isGeneration(e.Name()) || e.Name() == keep[0] || e.Name() == keep[1] {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			failed = append(failed, fmt.Errorf("remove old certificates: %w", err))
		}
	}
	return errors.Join(failed...)
}

func isGeneration(name string) bool {
	if len(name) <= len(generation) || !strings.HasPrefix(name, "..") {
		return false
	}
	_, err := time.Parse(generation, name[:len(generation)])
	return err == nil
}

func syncDir(path string) error {
	d, err := os.Open(path) //nolint:gosec // The operator's own directory.
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
