//go:build compose

package compose_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
)

const (
	// patience is how long one command may take, building of all images included.
	patience = 30 * time.Minute
	// eventTime is how long anything that follows from a request may take.
	eventTime = 2 * time.Minute
)

// project is the shop in Compose under a name and on ports of its own, so that one
// that runs beside it keeps its containers and its data.
type project struct {
	dir     string // The root of the repository, or of a copy of it.
	name    string
	base    int // Port of user; product, order and notification have those after it.
	ports   map[string]int
	version string
	shop    string // The operator's command.
}

func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{dir: root, name: "shop-test", base: testkit.Ports(t), ports: map[string]int{}, version: "test-1"}
	for n, name := range []string{
		"USER", "PRODUCT", "ORDER", "NOTIFICATION", "POSTGRES_USER", "POSTGRES_PRODUCT", "POSTGRES_ORDER", "POSTGRES_NOTIFICATION",
		"REDIS", "RABBITMQ", "RABBITMQ_UI", "MAILPIT", "JAEGER", "PROMETHEUS", "GRAFANA",
	} {
		p.ports[name] = p.base + n
	}
	p.shop = filepath.Join(t.TempDir(), "shop")
	p.run(t, "go", "build", "-o", p.shop, "./shop")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("containers:\n%s", p.try("docker", "compose", "ps", "--all"))
			t.Logf("last words:\n%s", p.try("docker", "compose", "logs", "--no-color", "--tail", "15"))
		}
		t.Log(p.try("docker", "compose", "down", "--volumes", "--remove-orphans"))
	})
	p.compose(t, "down", "--volumes", "--remove-orphans") // Of a test that was killed.
	return p
}

// environ is what the commands of this repository see.
func (p *project) environ() []string {
	environ := append(os.Environ(), "COMPOSE_PROJECT_NAME="+p.name, "SHOP_VERSION="+p.version, "SHOP_BIND=127.0.0.1")
	for name, port := range p.ports {
		environ = append(environ, fmt.Sprintf("SHOP_%s_PORT=%d", name, port))
	}
	return environ
}

func (p *project) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = p.dir, p.environ()
	return cmd
}

// run runs a command in the root of the repository, wants it to succeed and returns
// what it wrote to its standard output.
func (p *project) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	return p.feed(t, "", name, args...)
}

// feed is run with a standard input.
func (p *project) feed(t *testing.T, input, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := p.command(ctx, name, args...)
	var out, bad bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &bad
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s\n%s", name, strings.Join(args, " "), err, out.String(), tail(bad.String(), 60))
	}
	return out.String()
}

// try is run for what may fail: it returns all that the command said.
func (p *project) try(name string, args ...string) string {
	out, err := p.command(context.Background(), name, args...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s%v", out, err)
	}
	return string(out)
}

func (p *project) compose(t *testing.T, args ...string) string {
	t.Helper()
	return p.run(t, "docker", append([]string{"compose"}, args...)...)
}

// up starts what is missing, waits until all is healthy, and returns how long that
// took.
func (p *project) up(t *testing.T, args ...string) time.Duration {
	t.Helper()
	start := time.Now()
	p.compose(t, append([]string{"up", "--detach", "--wait"}, args...)...)
	return time.Since(start).Round(100 * time.Millisecond)
}

// containers lists the containers of a service that run.
func (p *project) containers(t *testing.T, service string) []string {
	t.Helper()
	return strings.Fields(p.compose(t, "ps", "--quiet", "--status", "running", service))
}

// at is the address of a published port.
func (p *project) at(name string) string { return fmt.Sprintf("http://127.0.0.1:%d", p.ports[name]) }

// sql asks the database of a service and returns the rows as lines.
func (p *project) sql(t *testing.T, service, query string) []string {
	t.Helper()
	return strings.Fields(p.compose(t, "exec", "-T", "postgres-"+service, "psql", "--username", "postgres", "--dbname", service+"_service_db",
		"--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1", "--command", query))
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
