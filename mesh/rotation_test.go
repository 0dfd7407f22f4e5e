package mesh_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/ca"
	"shop/mesh/identity"
	"shop/mesh/meshtest"
	"shop/mesh/policy"
)

// TestRotationUnderLoadLosesNothing: the authority renews certificates and gives
// its root a successor while product calls user, on connections that stay and on
// new ones; then one renewal goes wrong.
func TestRotationUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	const (
		life      = 12 * time.Second
		rotations = 4
		patience  = 2 * time.Minute
	)
	dir := t.TempDir()
	authority, err := ca.New(ca.Options{Dir: dir, Life: life, Identities: []ca.Identity{{Name: "user"}, {Name: "product"}}})
	check(t, err)
	check(t, authority.Once(t.Context()))
	m := meshtest.New(t, meshtest.Policy(t))
	for _, workload := range []string{"user", "product"} {
		at := m.Places[workload]
		at.Certs = filepath.Join(dir, workload)
		m.Places[workload] = at
	}
	m.Echo("user", nil)
	m.Start("user", "product")
	calls := newCalls(t, m, dir)

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- authority.Run(ctx) }()
	first := current(t, dir)
	seen := map[string]bool{}
	followed := false // The root has a successor.
	testkit.Eventually(t, patience, func() error {
		b := current(t, dir)
		seen[b.Leaf.SerialNumber.String()] = true
		if len(seen) == 2 && !followed {
			followed = true
			check(t, authority.RotateRoot(t.Context()))
		}
		if len(seen) <= rotations || len(b.Roots) != 1 || b.Roots[0].Equal(first.Roots[0]) {
			return fmt.Errorf("%d rotations, %d roots", len(seen)-1, len(b.Roots))
		}
		return nil
	}, rotations, "rotations and another root")
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	calls.proceed(t)
	user := m.Envoys["user"]
	if n := user.Stat("sds.workload.key_rotation_failed"); n != 0 {
		t.Errorf("%d rotations failed", n)
	}

	// A key that is not the certificate's.
	good, err := identity.Read(filepath.Join(dir, "user"))
	check(t, err)
	other, err := identity.Read(filepath.Join(dir, "product"))
	check(t, err)
	bad := good
	bad.Key = other.Key
	check(t, identity.Write(filepath.Join(dir, "user"), bad, identity.Owner{}, time.Now()))
	testkit.Eventually(t, patience, func() bool { return user.Stat("sds.workload.key_rotation_failed") > 0 }, "Envoy counts the rotation that failed")
	calls.proceed(t)
	check(t, authority.Once(t.Context()))
	serial := current(t, dir).Leaf.SerialNumber.String()
	testkit.Eventually(t, patience, func() bool { return calls.server() == serial }, "the next certificate is in use")

	staying, opening, failed := calls.end()
	t.Logf("%d rotations, 1 new root, 1 broken rotation: %d calls on connections that stay, %d on new ones, %d failed", len(seen), staying, opening, len(failed))
	if len(failed) > 0 {
		t.Errorf("failed: %v", failed[0])
	}
}

// current is the certificate of user.
func current(t testing.TB, dir string) identity.Bundle {
	t.Helper()
	b, err := identity.Load(filepath.Join(dir, "user"), "user", time.Now())
	check(t, err)
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// calls are made until end: by product's sidecar, which keeps its connections, and
// by one that opens one for each, with product's files as they are then.
type calls struct {
	stop func()
	all  sync.WaitGroup

	mu               sync.Mutex
	staying, opening int
	failed           []error
	serial           string // Of the certificate that a new connection met last.
}

func newCalls(t testing.TB, m *meshtest.Mesh, dir string) *calls {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	c := &calls{stop: stop}
	t.Cleanup(func() { c.end() })
	sidecar := "http://" + m.Places["product"].Egress["user"] + "/validate-token"
	direct := "https://" + m.Places["user"].Inbound + "/validate-token"
	keep := &http.Transport{}
	t.Cleanup(keep.CloseIdleConnections)
	const callers, pause = 3, 10 * time.Millisecond
	for range callers {
		c.each(ctx, pause, &c.staying, func() error {
			_, err := validate(ctx, keep, sidecar)
			return err
		})
	}
	c.each(ctx, pause, &c.opening, func() error {
		met, err := meet(ctx, m.Policy, filepath.Join(dir, "product"), direct)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.serial = met
		return err
	})
	return c
}

// each calls do again and again and counts.
func (c *calls) each(ctx context.Context, pause time.Duration, count *int, do func() error) {
	c.all.Go(func() {
		again := time.NewTicker(pause)
		defer again.Stop()
		for {
			err := do()
			if ctx.Err() != nil {
				return
			}
			c.mu.Lock()
			if err == nil {
				*count++
			} else {
				c.failed = append(c.failed, err)
			}
			c.mu.Unlock()
			select {
			case <-again.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

// meet calls url with the files of dir and returns the serial number of the
// certificate on the other side.
func meet(ctx context.Context, p *policy.Policy, dir, url string) (string, error) {
	files, err := identity.Read(dir)
	if err != nil {
		return "", err
	}
	pair, err := tls.X509KeyPair(files.Cert, files.Key)
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(files.CA)
	once := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: "user",
	}}
	state, err := validate(ctx, once, url)
	if err != nil {
		return "", err
	}
	leaf := state.PeerCertificates[0]
	if got := leaf.URIs[0].String(); got != p.Identity("user") {
		return "", fmt.Errorf("the other side is %s", got)
	}
	return leaf.SerialNumber.String(), nil
}

// validate makes one call and returns the connection's TLS, if it has.
func validate(ctx context.Context, by http.RoundTripper, url string) (*tls.ConnectionState, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return nil, err
	}
	resp, err := by.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return resp.TLS, err
}

// server is the certificate that a new connection met last.
func (c *calls) server() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.serial
}

// proceed waits until more calls of both kinds have come through.
func (c *calls) proceed(t testing.TB) {
	t.Helper()
	count := func() (int, int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.staying, c.opening
	}
	staying, opening := count()
	testkit.Eventually(t, time.Minute, func() bool {
		s, o := count()
		return s > staying && o > opening
	}, "calls go on")
}

// end ends the calls and returns their counts.
func (c *calls) end() (staying, opening int, failed []error) {
	c.stop()
	c.all.Wait()
	return c.staying, c.opening, c.failed
}
