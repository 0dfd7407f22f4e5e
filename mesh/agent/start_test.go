package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shop/mesh/ca"
	"shop/mesh/identity"
)

// certificates writes one for name into dir.
func certificates(t testing.TB, dir, name string) {
	t.Helper()
	made := t.TempDir()
	a, err := ca.New(ca.Options{Dir: made, Identities: []ca.Identity{{Name: name}}})
	must(t, err)
	must(t, a.Once(t.Context()))
	files, err := identity.Read(filepath.Join(made, name))
	must(t, err)
	must(t, identity.Write(dir, files, identity.Owner{}, time.Now()))
}

func TestCertificatesAreAwaited(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	p := newPod(t, func(o *played, _ *pod) { o.Certs, o.Workload = dir, "user" })
	p.start()
	p.says("waiting for certificates")
	p.says(filepath.Join(dir, "tls."))
	certificates(t, dir, "product") // Another's.
	p.says("not for spiffe://shop.local/ns/default/sa/user")
	if p.said("serving") > 0 {
		t.Error("it serves with the certificate of another")
	}
	certificates(t, dir, "user")
	p.says(`"msg":"serving"`)
	p.says("service: started")
	p.metric("mesh_agent_certificate_good 1")
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

func TestTheCertificateOfThePublicSideIsAwaited(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "public")
	p := newPod(t, func(o *played, _ *pod) { o.Public = dir })
	p.start()
	p.says("certificate of the public side: open " + filepath.Join(dir, "tls.crt"))
	certificates(t, dir, "edge")
	p.says(`"msg":"serving"`)
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

func TestWaitingForCertificatesHasAnEnd(t *testing.T) {
	dir := t.TempDir()
	p := newPod(t, func(o *played, _ *pod) { o.Certs, o.CertsTime = dir, 300*time.Millisecond })
	p.start()
	p.ends(1)
	if p.said("mesh: wait for certificates: not within 300ms: open "+dir) != 1 || p.said("waiting for certificates") != 1 {
		t.Error("it does not say what it waited for, once")
	}
}

func TestAStartCanBeStopped(t *testing.T) {
	dir := t.TempDir()
	p := newPod(t, func(o *played, _ *pod) { o.Certs = dir })
	p.start()
	p.says("waiting for certificates")
	p.signal(syscall.SIGTERM)
	p.ends(128 + int(syscall.SIGTERM))
}

func TestWhatCanNotStart(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*played, *pod)
		want   string
	}{
		"no service": {func(o *played, _ *pod) { o.Command = []string{"no-such-service"} }, `no program to run: exec: "no-such-service": executable file not found`},
		"no Envoy":   {func(o *played, p *pod) { o.Envoy = filepath.Join(p.dir, "envoy") }, "start Envoy: "},
		"an Envoy that ends": {
			func(o *played, _ *pod) { o.Envoy = "/bin/false" }, "start Envoy: it ended with exit code 1 before it was ready",
		},
		"an Envoy that is never ready": {
			func(o *played, p *pod) { o.Admin, o.StartTime = p.app, time.Second }, "start Envoy: wait until it is ready: not within 1s",
		},
		"a policy with an error": {func(_ *played, p *pod) { p.put("fault", "mesh.yaml:3: services: must be a map") }, "render the configuration: exit code 1: mesh.yaml:3: services: must be a map\n"},
		"a bootstrap that is wrong": {
			func(_ *played, p *pod) { p.put("bootstrap.yaml", "nonsense: true") }, "start Envoy: it ended with exit code 1 before it was ready",
		},
		"listeners that are wrong": {
			func(_ *played, p *pod) {
				p.put("lds.yaml", strings.ReplaceAll(listeners(p.door, "x", ""), "cluster: app", "cluster: other"))
			},
			"start Envoy: it refused a part of its configuration",
		},
		"a listener whose port is taken": {
			func(_ *played, p *pod) { p.put("lds.yaml", listeners(p.metrics, "x", "")) }, "start Envoy: it refused a part of its configuration",
		},
		"no configuration": {func(o *played, _ *pod) { o.Render = nil }, "configuration of Envoy: stat "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPod(t, c.change)
			p.start()
			p.ends(1)
			if p.said("mesh: "+c.want) != 1 {
				t.Errorf("it does not say %q", c.want)
			}
			if p.said("service: started") != 0 {
				t.Error("the service was started")
			}
		})
	}
}

func TestWhatAKilledAgentLeftGoes(t *testing.T) {
	p := newPod(t, nil)
	left := filepath.Join(p.dir, "config", ".next-1")
	must(t, os.MkdirAll(filepath.Join(left, "x"), 0o700))
	p.start()
	p.says(`"msg":"serving"`)
	if found, err := filepath.Glob(filepath.Join(p.dir, "config", ".*")); err != nil || len(found) > 0 {
		t.Errorf("left: %v (%v)", found, err)
	}
}

func TestTheConfigurationMayBeThereAlready(t *testing.T) {
	p := run(t, func(o *played, p *pod) {
		o.Render = nil
		must(t, os.Rename(p.from, o.Config))
	})
	p.answers("/version", "first")
	p.signal(syscall.SIGTERM)
	p.ends(0)
}
