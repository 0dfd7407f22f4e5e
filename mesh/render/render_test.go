package render_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shop/kit/testkit/engine"
	"shop/kit/web"
	"shop/mesh/meshtest"
	"shop/mesh/policy"
	"shop/mesh/render"
)

func rendered(t *testing.T, p *policy.Policy, workload string, at render.Place) render.Files {
	t.Helper()
	files, err := render.Workload(p, workload, at)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestCommittedFilesAreWhatThePolicySays fails when mesh.yaml or the renderer has
// changed and nobody ran it.
func TestCommittedFilesAreWhatThePolicySays(t *testing.T) {
	p := meshtest.Policy(t)
	for _, workload := range p.Workloads() {
		dir := filepath.Join("..", "envoy", workload)
		files := rendered(t, p, workload, render.Container(p, workload))
		stale, err := files.Stale(dir)
		if err != nil || len(stale) > 0 {
			t.Errorf("%s is stale: %v %v; run `go run ./mesh/cmd/mesh render`", dir, stale, err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if files[e.Name()] == nil {
				t.Errorf("%s/%s is no file of the mesh", dir, e.Name())
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join("..", "envoy"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(p.Workloads()) {
		t.Errorf("%d directories for %v", len(entries), p.Workloads())
	}
}

// TestEnvoyTakesEveryWorkload lets the real Envoy check every workload at every
// kind of place.
func TestEnvoyTakesEveryWorkload(t *testing.T) {
	m := meshtest.New(t, meshtest.Policy(t))
	checked := 0
	for _, workload := range m.Policy.Workloads() {
		here := m.Places[workload]
		container := render.Container(m.Policy, workload)
		container.Certs = here.Certs
		observed := container
		observed.OTLP, observed.AccessLog, observed.Stats = "jaeger:4317", "/dev/null", ""
		asked := container
		asked.DNS = "127.0.0.11:53"
		replicas := here
		replicas.Callees = map[string][]string{}
		for callee, addresses := range here.Callees {
			replicas.Callees[callee] = append([]string{"127.0.0.1:9", "[::1]:9"}, addresses...)
		}
		places := map[string]render.Place{"container": container, "container, observed": observed, "container, DNS named": asked, "machine": here, "machine, replicas": replicas}
		if workload == policy.EdgeName {
			public := here
			public.PublicCerts = here.Certs
			places["public TLS"] = public
		}
		for kind, at := range places {
			checked++
			takes(t, workload+", "+kind, rendered(t, m.Policy, workload, at))
		}
	}
	t.Logf("%d configurations checked", checked)
}

// TestEnvoyTakesOtherPolicies lets it check what mesh.yaml could say.
func TestEnvoyTakesOtherPolicies(t *testing.T) {
	for name, overlay := range map[string]string{
		"few lines":    "access_log: errors",
		"no lines":     "access_log: none",
		"nothing kept": "edge: {refuse: [], strip: [], headers: {}, routes: {}}",
		"behind hops":  "edge: {trusted_hops: 2, strip: [x-envoy-*]}",
		"no retries":   "edge: {retry: {reads: {retries: 0, on: []}, rest: {retries: 0, on: []}}}",
	} {
		m := meshtest.New(t, meshtest.Policy(t, overlay))
		for _, workload := range []string{"order", policy.EdgeName} {
			takes(t, workload+", "+name, rendered(t, m.Policy, workload, m.Places[workload]))
		}
	}
}

func takes(t *testing.T, name string, files render.Files) {
	t.Helper()
	envoy, err := engine.EnvoyPath()
	if err != nil {
		t.Fatal(err)
	}
	if err := render.Validate(t.Context(), envoy, files); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// TestEnvoyFindsFaultsInListenersAndClusters is why there is a merged form: what
// the bootstrap only names, Envoy does not check.
func TestEnvoyFindsFaultsInListenersAndClusters(t *testing.T) {
	envoy, err := engine.EnvoyPath()
	if err != nil {
		t.Fatal(err)
	}
	m := meshtest.New(t, meshtest.Policy(t))
	files := rendered(t, m.Policy, "user", m.Places["user"])
	for name, fault := range map[string]struct{ file, old, wrong string }{
		"an unknown key":     {render.ListenersFile, "stat_prefix:", "stat_prefiks:"},
		"a missing cluster":  {render.ListenersFile, "cluster: app", "cluster: abb"},
		"a value of no kind": {render.ClustersFile, "type: STATIC", "type: STATISCH"},
		"a missing file":     {render.IdentityFile, "tls.crt", "tls.cert"},
	} {
		wrong := maps.Clone(files)
		wrong[fault.file] = bytes.Replace(files[fault.file], []byte(fault.old), []byte(fault.wrong), 1)
		if bytes.Equal(wrong[fault.file], files[fault.file]) {
			t.Fatalf("%s: %s has no %q", name, fault.file, fault.old)
		}
		if err := render.Validate(t.Context(), envoy, wrong); err == nil {
			t.Errorf("%s was not found", name)
		}
	}
}

func TestTheSameIsRenderedAlike(t *testing.T) {
	p := meshtest.Policy(t)
	for _, workload := range p.Workloads() {
		first := rendered(t, p, workload, render.Container(p, workload))
		for range 5 {
			again := rendered(t, meshtest.Policy(t), workload, render.Container(p, workload))
			if !maps.EqualFunc(first, again, bytes.Equal) {
				t.Fatalf("%s: two renderings differ", workload)
			}
		}
		for name, content := range first {
			if line, _, _ := strings.Cut(string(content), "\n"); !strings.Contains(line, "DO NOT EDIT") {
				t.Errorf("%s begins with %q", name, line)
			}
		}
	}
}

// TestRepliesSayWhatTheServicesSay compares what Envoy answers in a service's
// place with the kit's own texts.
func TestRepliesSayWhatTheServicesSay(t *testing.T) {
	p := meshtest.Policy(t)
	texts := web.DefaultTexts()
	of := map[string]string{ // Code → files in which its texts must be.
		"route_not_found": "edge", "body_too_large": "edge", "body_too_slow": "edge", "limited": "edge", "unavailable": "edge", "timeout": "edge",
		"internal": "edge", "refused": "edge", "not_a_caller": "user",
	}
	for code, workload := range of {
		listeners := string(rendered(t, p, workload, render.Container(p, workload))[render.ListenersFile])
		for _, text := range []string{texts[code].VI, texts[code].EN} {
			if want := fmt.Sprintf(`"detail":%q,"code":%q`, text, code); text == "" || !strings.Contains(listeners, want) {
				t.Errorf("%s does not say %s", workload, want)
			}
		}
	}
}

func TestPlacesSayWhatIsMissing(t *testing.T) {
	p := meshtest.Policy(t)
	for name, tt := range map[string]struct {
		workload string
		spoil    func(*render.Place)
		want     string
	}{
		"no directory":        {"user", func(at *render.Place) { at.Config = "" }, "Config must be an absolute path"},
		"a relative one":      {"user", func(at *render.Place) { at.Certs = "certs" }, "Certs must be an absolute path"},
		"admin for everybody": {"user", func(at *render.Place) { at.Admin = "0.0.0.0:15000" }, "Admin must be on loopback"},
		"a long socket":       {"user", func(at *render.Place) { at.Admin = "/" + strings.Repeat("x", 107) }, "longer than a socket's path"},
		"a callee nowhere":    {"order", func(at *render.Place) { delete(at.Callees, "user") }, "Callees[user] has no address"},
		"two names":           {"order", func(at *render.Place) { at.Callees["user"] = []string{"a:1", "b:1"} }, "one DNS name or IP addresses"},
		"no port":             {"order", func(at *render.Place) { at.Callees["user"] = []string{"user"} }, "must be host:port"},
		"no egress":           {"order", func(at *render.Place) { at.Egress = nil }, "Egress[product] must be an IP address and a port"},
		"no application":      {"order", func(at *render.Place) { at.App = "localhost:8003" }, "App must be an IP address"},
		"no public port":      {"edge", func(at *render.Place) { delete(at.Public, "user") }, "Public[user]"},
		"a collector's URL":   {"edge", func(at *render.Place) { at.OTLP = "http://jaeger:4317" }, "OTLP must be host:port"},
		"an unknown workload": {"usher", func(*render.Place) {}, `no workload "usher"`},
	} {
		t.Run(name, func(t *testing.T) {
			at := render.Container(p, tt.workload)
			tt.spoil(&at)
			_, err := render.Workload(p, tt.workload, at)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// TestPlacesOnOneMachineDoNotCollide also where names of directories are too long
// for sockets.
func TestPlacesOnOneMachineDoNotCollide(t *testing.T) {
	p := meshtest.Policy(t)
	for _, dir := range []string{"/d", "/" + strings.Repeat("x", 100)} {
		next := 20000
		places, err := render.Machine(p, dir, func() (int, error) { next++; return next, nil })
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]string{}
		for workload, at := range places {
			rendered(t, p, workload, at)
			own := []string{at.Admin, at.Stats, at.App, at.Inbound}
			own = slices.AppendSeq(own, maps.Values(at.Egress))
			own = slices.AppendSeq(own, maps.Values(at.Public))
			for _, addr := range own {
				if other, taken := seen[addr]; taken && addr != "" {
					t.Errorf("%s: both of %s and %s", addr, other, workload)
				}
				seen[addr] = workload
			}
			for callee, addresses := range at.Callees {
				if len(addresses) != 1 || addresses[0] != places[callee].Inbound {
					t.Errorf("%s looks for %s at %v, which is at %s", workload, callee, addresses, places[callee].Inbound)
				}
			}
		}
	}
	if _, err := render.Machine(p, "/d", func() (int, error) { return 0, os.ErrPermission }); err == nil {
		t.Error("no port is no error")
	}
}

func TestFilesChangeByARename(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	files := render.Files{render.ListenersFile: []byte("a"), render.ClustersFile: []byte("b")}
	changed, err := files.Write(dir)
	if err != nil || !slices.Equal(changed, []string{render.ClustersFile, render.ListenersFile}) {
		t.Fatalf("%v %v; want clusters before listeners", changed, err)
	}
	old, err := os.Open(filepath.Join(dir, render.ListenersFile))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	files[render.ListenersFile] = []byte("c")
	if changed, err = files.Write(dir); err != nil || !slices.Equal(changed, []string{render.ListenersFile}) {
		t.Errorf("%v %v; want what is other alone", changed, err)
	}
	was := make([]byte, 2)
	if n, _ := old.Read(was); string(was[:n]) != "a" {
		t.Errorf("who has opened the old file sees %q", was[:n])
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v %v; want nothing else", entries, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Write(filepath.Join(dir, "file")); err == nil {
		t.Error("a file in place of the directory is no error")
	}
}
