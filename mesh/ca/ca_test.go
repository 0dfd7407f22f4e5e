package ca_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"shop/kit/testkit"
	"shop/mesh/ca"
	"shop/mesh/identity"
)

// shop is the identities of the tests.
var shop = []ca.Identity{{Name: "user"}, {Name: "product"}, {Name: "edge", DNS: []string{"shop.example"}}}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// authority makes one for shop in a directory of its own, unless o says
// otherwise.
func authority(t testing.TB, o ca.Options) (*ca.Authority, ca.Options) {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Identities == nil {
		o.Identities = shop
	}
	a, err := ca.New(o)
	must(t, err)
	return a, o
}

func load(t testing.TB, o ca.Options, name string, now time.Time) identity.Bundle {
	t.Helper()
	b, err := identity.Load(filepath.Join(o.Dir, name), name, now)
	must(t, err)
	return b
}

func TestEveryIdentityGetsItsOwnCertificateAndNoOther(t *testing.T) {
	a, o := authority(t, ca.Options{})
	if err := a.Check(); err == nil {
		t.Error("certificates that are not there yet pass the check")
	}
	must(t, a.Once(t.Context()))
	must(t, a.Check())
	for _, id := range shop {
		leaf := load(t, o, id.Name, time.Now()).Leaf
		if got, want := strings.Join(leaf.DNSNames, " "), strings.Join(append([]string{id.Name, id.Name + ".default.svc.cluster.local"}, id.DNS...), " "); got != want {
			t.Errorf("%s has the DNS names %s, want %s", id.Name, got, want)
		}
		if len(leaf.URIs) != 1 || leaf.URIs[0].String() != "spiffe://shop.local/ns/default/sa/"+id.Name {
			t.Errorf("%s has the URIs %v", id.Name, leaf.URIs)
		}
		if leaf.IsCA || leaf.KeyUsage != x509.KeyUsageDigitalSignature || len(leaf.ExtKeyUsage) != 2 {
			t.Errorf("%s may do more or less than talk: %v, %v", id.Name, leaf.KeyUsage, leaf.ExtKeyUsage)
		}
		if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
			t.Errorf("%s has a key of %T", id.Name, leaf.PublicKey)
		}
		err := filepath.WalkDir(filepath.Join(o.Dir, id.Name), func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && filepath.Base(path) == identity.KeyFile {
				files, err := identity.Read(filepath.Dir(path))
				must(t, err)
				if b, err := files.Parse(); err != nil || b.URIs()[0] != identity.URI(id.Name) {
					t.Errorf("%s holds the key of another: %v", path, err)
				}
			}
			return err
		})
		must(t, err)
	}
}

func TestWhatIsGoodIsKept(t *testing.T) {
	a, o := authority(t, ca.Options{})
	must(t, a.Once(t.Context()))
	before := load(t, o, "user", time.Now())
	again, _ := authority(t, o) // As after a restart.
	must(t, again.Once(t.Context()))
	after := load(t, o, "user", time.Now())
	if !after.Leaf.Equal(before.Leaf) || !after.Roots[0].Equal(before.Roots[0]) {
		t.Error("a restart changed certificates")
	}
}

func TestWhatIsWrongIsMadeAnew(t *testing.T) {
	a, o := authority(t, ca.Options{})
	must(t, a.Once(t.Context()))
	user := filepath.Join(o.Dir, "user")
	for name, damage := range map[string]func() error{
		"directory lost":    func() error { return os.RemoveAll(user) },
		"key lost":          func() error { return os.Remove(followed(t, user, identity.KeyFile)) },
		"certificate empty": func() error { return os.WriteFile(followed(t, user, identity.CertFile), nil, 0o600) },
		"roots are no PEM":  func() error { return os.WriteFile(followed(t, user, identity.CAFile), []byte("x"), 0o600) },
		"key open to all":   func() error { return os.Chmod(followed(t, user, identity.KeyFile), 0o644) },
		"another's files": func() error {
			files, err := identity.Read(filepath.Join(o.Dir, "product"))
			must(t, err)
			return identity.Write(user, files, identity.Owner{}, time.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			product := load(t, o, "product", time.Now())
			must(t, damage())
			must(t, a.Once(t.Context()))
			load(t, o, "user", time.Now())
			if !o.Owner.Keeps(user) {
				t.Error("the key is not its owner's alone")
			}
			if !load(t, o, "product", time.Now()).Leaf.Equal(product.Leaf) {
				t.Error("another identity's certificate changed too")
			}
		})
	}
}

// followed returns where the file of an identity is in truth.
func followed(t testing.TB, dir, file string) string {
	t.Helper()
	path, err := filepath.EvalSymlinks(filepath.Join(dir, file))
	must(t, err)
	return path
}

func TestModes(t *testing.T) {
	owner := identity.Owner{UID: os.Getuid(), GID: os.Getgid()}
	if owner.UID == 0 {
		owner = identity.Owner{UID: 10001, GID: 10002} // Only root may give files away.
	}
	a, o := authority(t, ca.Options{Owner: owner, Dir: filepath.Join(t.TempDir(), "certs")})
	must(t, a.Once(t.Context()))
	roots, err := filepath.Glob(filepath.Join(o.Dir, ".root", "root-*"))
	must(t, err)
	if len(roots) != 2 {
		t.Fatalf("the root is %v", roots)
	}
	want := map[string]fs.FileMode{
		filepath.Join(o.Dir, ".root"): 0o700, roots[0]: 0o644, roots[1]: 0o600,
		o.Dir: 0o755, filepath.Join(o.Dir, "user"): 0o755,
	}
	for file, mode := range map[string]fs.FileMode{identity.CertFile: 0o644, identity.KeyFile: 0o600, identity.CAFile: 0o644} {
		path := followed(t, filepath.Join(o.Dir, "user"), file)
		want[path] = mode
		if got := ownerOf(t, path); got != owner {
			t.Errorf("%s belongs to %v, want %v", file, got, owner)
		}
	}
	for path, mode := range want {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), mode)
		}
	}
}

func TestAnotherOwnerGetsAnotherKey(t *testing.T) {
	a, o := authority(t, ca.Options{})
	must(t, a.Once(t.Context()))
	before := load(t, o, "user", time.Now())
	o.Owner = identity.Owner{UID: os.Getuid(), GID: os.Getgid()}
	if o.Owner.UID == 0 {
		o.Owner = identity.Owner{UID: 10001} // Only root may give files away.
	}
	again, _ := authority(t, o)
	must(t, again.Once(t.Context()))
	if changed := !load(t, o, "user", time.Now()).Leaf.Equal(before.Leaf); changed != (os.Getuid() == 0) {
		t.Errorf("changed: %v", changed)
	}
	if got := ownerOf(t, followed(t, filepath.Join(o.Dir, "user"), identity.KeyFile)); got.UID != o.Owner.UID {
		t.Errorf("the key belongs to %v", got)
	}
}

func TestADamagedRootIsNotReplaced(t *testing.T) {
	a, o := authority(t, ca.Options{})
	must(t, a.Once(t.Context()))
	keys, err := filepath.Glob(filepath.Join(o.Dir, ".root", "root-*.key"))
	must(t, err)
	before := load(t, o, "user", time.Now())
	for name, content := range map[string]string{"empty": "", "no key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		must(t, os.WriteFile(keys[0], []byte(content), 0o600))
		if err := a.Once(t.Context()); err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(keys[0], ".key")) {
			t.Errorf("%s: the error is %v, want one that names the file", name, err)
		}
	}
	files, err := identity.Read(filepath.Join(o.Dir, "product")) // Another's key is not the root's.
	must(t, err)
	must(t, os.WriteFile(keys[0], files.Key, 0o600))
	if err := a.Once(t.Context()); err == nil {
		t.Error("a key that is not the root's is used")
	}
	if !load(t, o, "user", time.Now()).Leaf.Equal(before.Leaf) {
		t.Error("certificates changed under a damaged root")
	}
}

func TestWhatAnInterruptedChangeLeftGoes(t *testing.T) {
	a, o := authority(t, ca.Options{})
	dir := filepath.Join(o.Dir, ".root")
	must(t, os.MkdirAll(dir, 0o700))
	left := []string{filepath.Join(dir, "root-12.key"), filepath.Join(dir, ".new-1")}
	for _, path := range left {
		must(t, os.WriteFile(path, []byte("x"), 0o600))
	}
	must(t, a.Once(t.Context()))
	for _, path := range left {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}

func TestAuthoritiesOnOneDirectoryTakeTurns(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		a, _ := authority(t, ca.Options{Dir: dir})
		all.Go(func() {
			if err := a.Once(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	roots, err := filepath.Glob(filepath.Join(dir, ".root", "root-*.crt"))
	must(t, err)
	if len(roots) != 1 {
		t.Errorf("%d roots were made, want 1", len(roots))
	}
	generations, err := filepath.Glob(filepath.Join(dir, "user", "..2*"))
	must(t, err)
	if len(generations) != 1 {
		t.Errorf("user got %d certificates, want 1", len(generations))
	}
}

func TestWaitingForAnotherAuthorityEndsWithTheContext(t *testing.T) {
	a, o := authority(t, ca.Options{})
	must(t, a.Once(t.Context()))
	other := flock.New(filepath.Join(o.Dir, ".root", "lock"))
	must(t, other.Lock())
	defer other.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Once(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestOneDirectoryThatIsBrokenKeepsNobodyElseFromTheirs(t *testing.T) {
	clock := testkit.NewClock(time.Time{})
	a, o := authority(t, ca.Options{Now: clock.Now})
	must(t, a.Once(t.Context()))
	before := load(t, o, "user", clock.Now())
	product := load(t, o, "product", clock.Now())
	obstacle := filepath.Join(o.Dir, "user", "..data_tmp", "obstacle")
	must(t, os.MkdirAll(obstacle, 0o700)) // Also in the way of root, for whom no mode is an obstacle.

	clock.Advance(17 * time.Hour)
	err := a.Once(t.Context())
	if err == nil || !strings.Contains(err.Error(), "certificate of user (renewal)") {
		t.Errorf("the error is %v", err)
	}
	if !load(t, o, "user", clock.Now()).Leaf.Equal(before.Leaf) {
		t.Error("the old certificate did not stay")
	}
	if load(t, o, "product", clock.Now()).Leaf.Equal(product.Leaf) {
		t.Error("product was not renewed")
	}
	must(t, os.RemoveAll(filepath.Dir(obstacle)))
	must(t, a.Once(t.Context()))
	if load(t, o, "user", clock.Now()).Leaf.Equal(before.Leaf) {
		t.Error("user was not renewed after the repair")
	}
}

func TestEveryFaultOfTheOptionsIsTold(t *testing.T) {
	_, err := ca.New(ca.Options{
		Life: time.Second, RootLife: 2 * time.Second,
		Identities: []ca.Identity{{Name: "../user"}, {Name: "User"}, {Name: "a"}, {Name: "a"}},
	})
	for _, want := range []string{"no directory", "from 5s to", "ten times", `"../user"`, `"User"`, "a is given twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell %q", err, want)
		}
	}
	if _, err := ca.New(ca.Options{Dir: "x"}); err == nil || !strings.Contains(err.Error(), "no identity") {
		t.Errorf("without identities: %v", err)
	}
}

func TestRootsAreFilesThatOthersRead(t *testing.T) {
	a, o := authority(t, ca.Options{})
	must(t, a.Once(t.Context()))
	files, err := identity.Read(filepath.Join(o.Dir, "user"))
	must(t, err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(files.CA) || !bytes.HasPrefix(files.CA, []byte("-----BEGIN CERTIFICATE-----\n")) {
		t.Errorf("ca.crt is %q", files.CA)
	}
}
