//go:build compose

package compose_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
)

// TestAChangeOfTheSourceIsBuiltAgain: with compose.dev.yml the service of the mounted
// source runs; what doesn't compile is told and changes nothing, what does takes its
// place.
func TestAChangeOfTheSourceIsBuiltAgain(t *testing.T) {
	const buildTime = 10 * time.Minute // Of a machine that compiles for the first time.
	p := newProject(t)
	copied := t.TempDir()
	p.run(t, "git", "checkout-index", "--all", "--prefix", copied+"/")
	p.dir = copied
	dev := func(args ...string) []string {
		return append([]string{"compose", "-f", "docker-compose.yml", "-f", "compose.dev.yml"}, args...)
	}
	// The cache of the compiler is a volume of compose.dev.yml alone.
	t.Cleanup(func() { t.Log(p.try("docker", dev("down", "--volumes")...)) })
	p.run(t, "docker", dev("up", "--detach", "--build", "--wait", "user")...)

	logs := func() string { return p.try("docker", dev("logs", "--no-color", "--no-log-prefix", "user")...) }
	main := filepath.Join(copied, "user", "cmd", "user", "main.go")
	change := func(from, to string) {
		t.Helper()
		text, err := os.ReadFile(main)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), from, to, 1)
		if changed == string(text) {
			t.Fatalf("%s has no %q", main, from)
		}
		if err := os.WriteFile(main, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	said := func(what string) error {
		if log := logs(); !strings.Contains(log, what) {
			return fmt.Errorf("%q is not in the log:\n%s", what, tail(log, 20))
		}
		return nil
	}
	healthy := func() error {
		if out, err := p.command(t.Context(), "docker", dev("exec", "-T", "user", "/tmp/service", "health")...).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}

	change("service.Main(", "nobody.Main(")
	testkit.Eventually(t, buildTime, func() error { return said("undefined: nobody") }, "the compiler's error is told")
	if err := healthy(); err != nil {
		t.Error("the one before does not run any more:", err)
	}
	change("os.Exit(nobody.Main(", `println("changed by a test"); os.Exit(service.Main(`)
	testkit.Eventually(t, buildTime, func() error { return said("changed by a test") }, "the changed service runs")
	testkit.Eventually(t, eventTime, healthy, "it is healthy")
}
