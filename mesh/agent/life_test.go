package agent_test

import (
	"syscall"
	"testing"
	"time"
)

func TestTheServiceLivesWithinEnvoysLife(t *testing.T) {
	p := run(t, nil)
	p.says("service: started envoy: true")
	p.answers("/", "application")
	p.metric("mesh_agent_serving 1")
	p.signal(syscall.SIGTERM)
	p.ends(0)
	if p.said("service: terminated envoy: true") != 1 {
		t.Error("the service did not end before Envoy")
	}
}

func TestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*played, *pod)
		do     func(*pod)
		want   int
	}{
		"asked to stop":                   {nil, func(p *pod) { p.signal(syscall.SIGTERM) }, 0},
		"interrupted":                     {nil, func(p *pod) { p.signal(syscall.SIGINT) }, 0},
		"the service's, asked to stop":    {func(o *played, p *pod) { o.Command = as("service", p.app, p.admin, "9") }, func(p *pod) { p.signal(syscall.SIGTERM) }, 9},
		"the service ends by itself":      {nil, func(p *pod) { _, _ = ask("http://" + p.app + "/exit") }, 7},
		"the service is killed":           {nil, func(p *pod) { _ = syscall.Kill(p.pid("service_pid"), syscall.SIGKILL) }, 137},
		"the service crashes":             {nil, func(p *pod) { _ = syscall.Kill(p.pid("service_pid"), syscall.SIGABRT) }, 2}, // Go's own.
		"Envoy is killed":                 {nil, func(p *pod) { _ = syscall.Kill(p.pid("envoy_pid"), syscall.SIGKILL) }, 137},
		"Envoy crashes":                   {nil, func(p *pod) { _ = syscall.Kill(p.pid("envoy_pid"), syscall.SIGILL) }, 132},
		"the service does not want to":    {func(o *played, _ *pod) { o.Command, o.StopTime = as("stubborn"), 200*time.Millisecond }, func(p *pod) { p.signal(syscall.SIGTERM) }, 137},
		"Envoy alone, asked to stop":      {func(o *played, _ *pod) { o.Command = nil }, func(p *pod) { p.signal(syscall.SIGTERM) }, 0},
		"Envoy alone, killed":             {func(o *played, _ *pod) { o.Command = nil }, func(p *pod) { _ = syscall.Kill(p.pid("envoy_pid"), syscall.SIGKILL) }, 137},
		"Envoy has nothing to drain with": {nil, func(p *pod) { _ = syscall.Kill(p.pid("envoy_pid"), syscall.SIGSTOP); p.signal(syscall.SIGTERM) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := run(t, c.change)
			c.do(p)
			p.ends(c.want)
			for _, name := range []string{"envoy_pid", "service_pid"} {
				if pid := p.pid(name); pid != 0 && syscall.Kill(pid, 0) == nil {
					t.Errorf("%s runs on", name)
				}
			}
		})
	}
}

func TestTheServiceIsAskedToEndWhenEnvoyDies(t *testing.T) {
	p := run(t, nil)
	must(t, syscall.Kill(p.pid("envoy_pid"), syscall.SIGKILL))
	p.ends(137)
	if p.said("service: terminated") != 1 || p.said("Envoy ended by itself") != 1 {
		t.Error("the service was not asked, or nobody was told")
	}
}

func TestSignalsGoToTheService(t *testing.T) {
	p := run(t, nil)
	p.signal(syscall.SIGHUP)
	p.says("service: hangup envoy: true")
	p.signal(syscall.SIGUSR1)
	p.says("service: user defined signal 1 envoy: true")
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

func TestASecondSignalHurries(t *testing.T) {
	p := run(t, func(o *played, _ *pod) {
		o.Command, o.DrainTime, o.StopTime = as("stubborn"), 10*patience, 10*patience
	})
	p.signal(syscall.SIGTERM)
	p.says(`"msg":"draining"`)
	p.signal(syscall.SIGTERM)
	p.ends(137)
}

func TestOrphansAreCollected(t *testing.T) {
	p := run(t, func(o *played, p *pod) { o.Command = as("parent", p.app, p.admin, "0") })
	p.metric("mesh_agent_orphans_total 1")
	p.signal(syscall.SIGTERM)
	p.ends(0)
}
