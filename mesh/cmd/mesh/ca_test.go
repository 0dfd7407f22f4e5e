package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/identity"
)

const patience = 30 * time.Second

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCAOnce(t *testing.T) {
	dir := t.TempDir()
	var out testkit.Buffer
	args := []string{"ca", "--dir", dir, "--identity", "user,edge:shop.example"}
	if code := run(t.Context(), newRoot(), append(args, "check"), &out, &out); code != exitFailure || !strings.Contains(out.String(), "no such file") {
		t.Errorf("check before: exit code %d, %s", code, out.String())
	}
	if code := run(t.Context(), newRoot(), append(args, "--once"), io.Discard, &out); code != 0 {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	b, err := identity.Load(filepath.Join(dir, "edge"), "edge", time.Now())
	must(t, err)
	must(t, b.Leaf.VerifyHostname("shop.example"))
	if code := run(t.Context(), newRoot(), append(args, "check"), io.Discard, &out); code != 0 {
		t.Errorf("check after: exit code %d: %s", code, out.String())
	}
	if code := run(t.Context(), newRoot(), append(args, "new-root"), io.Discard, &out); code != 0 {
		t.Errorf("new-root: exit code %d: %s", code, out.String())
	}
	if code := run(t.Context(), newRoot(), append(args, "--once"), io.Discard, &out); code != 0 {
		t.Errorf("the second time: exit code %d: %s", code, out.String())
	}
	if b, err := identity.Load(filepath.Join(dir, "user"), "user", time.Now()); err != nil || len(b.Roots) != 2 {
		t.Errorf("%d roots after new-root (%v), want 2", len(b.Roots), err)
	}
}

func TestCARuns(t *testing.T) {
	dir := t.TempDir()
	admin := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
	ctx, cancel := context.WithCancel(t.Context())
	var log testkit.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, newRoot(), []string{"ca", "--dir", dir, "--identity", "user", "--admin", admin}, io.Discard, &log)
	}()
	testkit.Eventually(t, patience, func() error { return get(admin, "/healthz", "ok") }, "health")
	for _, want := range []string{`mesh_ca_rotations_total{identity="user",reason="missing"} 1`, `mesh_ca_certificate_expiry_timestamp_seconds{identity="user"} 1.`} {
		testkit.Eventually(t, patience, func() error { return get(admin, "/metrics", want) }, "metrics")
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, log.String())
	}
	if !strings.Contains(log.String(), `"msg":"certificate issued","service":"mesh-ca","identity":"user"`) {
		t.Errorf("the log is %s", log.String())
	}
}

func TestAWrongCommandLineIsTold(t *testing.T) {
	for _, args := range [][]string{{"ca", "--life", "1s"}, {"ca", "--identity", "User"}, {"ca", "more"}, {"ca", "--no-such-flag"}, {"nothing"}} {
		var out testkit.Buffer
		if code := run(t.Context(), newRoot(), args, &out, &out); code != exitUsage || strings.Count(out.String(), "\n") > 2 {
			t.Errorf("%v: exit code %d, %s", args, code, out.String())
		}
	}
}

// get returns nil when the answer holds want.
func get(admin, path, want string) error {
	resp, err := http.Get("http://" + admin + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !strings.Contains(string(body), want)) {
		err = fmt.Errorf("%s: %d %s", path, resp.StatusCode, body)
	}
	return err
}
