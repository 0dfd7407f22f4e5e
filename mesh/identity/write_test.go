package identity_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shop/mesh/ca"
	"shop/mesh/identity"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// certificates returns files of n different certificates of user.
func certificates(t testing.TB, n int) []identity.Files {
	t.Helper()
	list := make([]identity.Files, n)
	for i := range list {
		dir := t.TempDir()
		a, err := ca.New(ca.Options{Dir: dir, Identities: []ca.Identity{{Name: "user"}}})
		must(t, err)
		must(t, a.Once(t.Context()))
		list[i], err = identity.Read(filepath.Join(dir, "user"))
		must(t, err)
	}
	return list
}

func TestTheLayoutIsThatOfSecretVolumes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "user")
	files := certificates(t, 1)[0]
	must(t, identity.Write(dir, files, identity.Owner{}, time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)))
	for _, file := range []string{"tls.crt", "tls.key", "ca.crt"} {
		if got, err := os.Readlink(filepath.Join(dir, file)); err != nil || got != "..data/"+file {
			t.Errorf("%s links to %q (%v)", file, got, err)
		}
	}
	target, err := os.Readlink(filepath.Join(dir, "..data"))
	if err != nil || !strings.HasPrefix(target, "..2026_03_14_15_09_26.") {
		t.Errorf("..data links to %q (%v)", target, err)
	}
	got, err := identity.Read(dir)
	must(t, err)
	if string(got.Cert) != string(files.Cert) || string(got.Key) != string(files.Key) || string(got.CA) != string(files.CA) {
		t.Error("what was written is not what is read")
	}
}

func TestOldGenerationsGoAndStrangersStay(t *testing.T) {
	dir := t.TempDir()
	files := certificates(t, 1)[0]
	for _, stranger := range []string{"..", "mine", "..mine", "..2026"} {
		must(t, os.MkdirAll(filepath.Join(dir, stranger, "x"), 0o700))
	}
	must(t, os.RemoveAll(filepath.Join(dir, "..", "x")))
	must(t, os.WriteFile(filepath.Join(dir, "tls.crt"), []byte("put here by hand"), 0o600))
	for range 5 {
		must(t, identity.Write(dir, files, identity.Owner{}, time.Now()))
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	generations := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "..2") && len(e.Name()) > 20 {
			generations++
			continue
		}
		names = append(names, e.Name())
	}
	if want := []string{"..2026", "..data", "..mine", "ca.crt", "mine", "tls.crt", "tls.key"}; generations != 2 || !slices.Equal(names, want) {
		t.Errorf("%d generations beside %v, want 2 beside %v", generations, names, want)
	}
}

func TestAReaderSeesOneGenerationAlways(t *testing.T) {
	dir := t.TempDir()
	list := certificates(t, 4)
	must(t, identity.Write(dir, list[0], identity.Owner{}, time.Now()))
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	reads := make([]int, 2)
	for i := range reads {
		readers.Go(func() {
			for ctx.Err() == nil {
				files, err := identity.Read(dir)
				if errors.Is(err, fs.ErrNotExist) {
					continue // It slept through two rotations.
				}
				if err == nil {
					var b identity.Bundle
					if b, err = files.Parse(); err == nil {
						err = b.Verify("user", time.Now())
					}
				}
				if err != nil {
					t.Errorf("half of one and half of another: %v", err)
					return
				}
				reads[i]++
			}
		})
	}
	for i := range 200 {
		must(t, identity.Write(dir, list[i%len(list)], identity.Owner{}, time.Now()))
	}
	cancel()
	readers.Wait()
	t.Logf("200 rotations, %v reads", reads)
	if reads[0] == 0 || reads[1] == 0 {
		t.Error("nobody has read")
	}
}

func TestAFailedWriteLeavesWhatWasThere(t *testing.T) {
	list := certificates(t, 2)
	for name, obstruct := range map[string]func(dir string) error{
		"the link can't be made": func(dir string) error { return os.MkdirAll(filepath.Join(dir, "..data_tmp", "x"), 0o700) },
		"a file for a directory": func(dir string) error { return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)) },
		"a directory for a link": func(dir string) error {
			return errors.Join(os.Remove(dir+"/..data"), os.MkdirAll(dir+"/..data/x", 0o700))
		},
		"a directory for tls.crt": func(dir string) error {
			return errors.Join(os.Remove(dir+"/tls.crt"), os.MkdirAll(dir+"/tls.crt/x", 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "user")
			must(t, identity.Write(dir, list[0], identity.Owner{}, time.Now()))
			must(t, obstruct(dir))
			if err := identity.Write(dir, list[1], identity.Owner{}, time.Now()); err == nil {
				t.Fatal("no error")
			}
			if generations, _ := filepath.Glob(filepath.Join(dir, "..2*")); len(generations) > 2 {
				t.Errorf("left behind: %v", generations)
			}
		})
	}
}
