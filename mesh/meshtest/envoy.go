// Package meshtest runs real Envoys with rendered configuration on loopback, for
// tests: an Envoy of any workload, a whole mesh's places, certificates, and
// applications that show what reached them.
package meshtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shop/kit/port"
	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/mesh"
	"shop/mesh/policy"
	"shop/mesh/render"
)

// Policy returns the policy of this repository with what each overlay changes.
func Policy(t testing.TB, overlays ...string) *policy.Policy {
	t.Helper()
	var sources []policy.Source
	for i, text := range overlays {
		sources = append(sources, policy.Source{Name: fmt.Sprintf("overlay %d", i+1), Text: []byte(text)})
	}
	p, err := policy.Parse(mesh.PolicyName, mesh.Policy, sources...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Places returns places for all workloads of p below one directory that is
// removed with the test, every port of them free, the public ones too.
func Places(t testing.TB, p *policy.Policy) map[string]render.Place {
	t.Helper()
	dir, err := os.MkdirTemp("", "mesh") //nolint:usetesting // The names that it makes are too long for sockets.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	places, err := render.Machine(p, dir, port.Free)
	if err != nil {
		t.Fatal(err)
	}
	for name := range places[policy.EdgeName].Public {
		free, err := port.Free()
		if err != nil {
			t.Fatal(err)
		}
		places[policy.EdgeName].Public[name] = fmt.Sprintf("127.0.0.1:%d", free)
	}
	return places
}

// Envoy is one running Envoy.
type Envoy struct {
	*engine.Server
	Place render.Place

	t     testing.TB
	log   *testkit.Buffer
	admin *http.Client
}

// Run renders workload of p for at and starts its Envoy: see Start.
func Run(t testing.TB, p *policy.Policy, workload string, at render.Place) *Envoy {
	t.Helper()
	if at.AccessLog == "" {
		at.AccessLog = filepath.Join(filepath.Dir(at.Config), "access.log")
	}
	files, err := render.Workload(p, workload, at)
	if err != nil {
		t.Fatal(err)
	}
	return Start(t, files, at)
}

// Start writes files to where at has its configuration and returns when an Envoy
// serves with all of them. It ends with the test, and shows its log when that
// fails.
func Start(t testing.TB, files render.Files, at render.Place) *Envoy {
	t.Helper()
	if _, err := files.Write(at.Config); err != nil {
		t.Fatal(err)
	}
	e := &Envoy{Place: at, t: t, log: &testkit.Buffer{}, admin: adminClient(at.Admin)}
	var err error
	e.Server, err = engine.StartEnvoy(t.Context(), engine.Options{Dir: filepath.Dir(at.Config), Log: e.log},
		filepath.Join(at.Config, render.BootstrapFile), at.Admin)
	if err != nil {
		t.Fatalf("%v\n%s", err, e.Log())
	}
	t.Cleanup(func() {
		e.admin.CloseIdleConnections()
		if err := e.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("Envoy in %s:\n%s", at.Config, e.Log())
		}
	})
	if err := errors.Join(e.accepted("listener_manager.lds"), e.accepted("cluster_manager.cds")); err != nil {
		t.Fatalf("%v\n%s", err, e.Log())
	}
	return e
}

// accepted says why the files that a subscription reads are not in use.
func (e *Envoy) accepted(subscription string) error {
	if e.Stat(subscription+".update_rejected")+e.Stat(subscription+".update_failure") != 0 {
		return fmt.Errorf("%s: Envoy refuses the file", subscription)
	}
	if n := e.Stat(subscription + ".update_success"); n == 0 {
		return fmt.Errorf("%s: Envoy has not read the file", subscription)
	}
	return nil
}

// Log returns what Envoy has printed so far, of long lines the beginning: it
// prints a file that it can't read as a whole.
func (e *Envoy) Log() string {
	const most = 1000
	var short strings.Builder
	for line := range strings.Lines(e.log.String()) {
		if len(line) > most {
			line = line[:most] + "…\n"
		}
		short.WriteString(line)
	}
	return short.String()
}

// Admin asks Envoy's own interface: "POST /healthcheck/fail".
func (e *Envoy) Admin(call string) string {
	e.t.Helper()
	method, path, _ := strings.Cut(call, " ")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://envoy"+path, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	answer, err := e.admin.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		e.t.Fatalf("%s: %s %s %v", call, answer.Status, body, err)
	}
	return string(body)
}

// Stat returns a counter or gauge by Envoy's own name for it, 0 if it was never
// touched.
func (e *Envoy) Stat(name string) int {
	e.t.Helper()
	page := e.Admin("GET /stats?format=json&filter=" + url.QueryEscape("^"+strings.ReplaceAll(name, ".", `\.`)+"$"))
	var found struct {
		Stats []struct {
			Name  string
			Value int
		}
	}
	if err := json.Unmarshal([]byte(page), &found); err != nil {
		e.t.Fatal(err)
	}
	for _, s := range found.Stats {
		if s.Name == name {
			return s.Value
		}
	}
	return 0
}

func adminClient(admin string) *http.Client {
	network := "tcp"
	if strings.HasPrefix(admin, "/") {
		network = "unix"
	}
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, admin)
		},
	}}
}
