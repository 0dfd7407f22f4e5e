package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
	"shop/mesh/render"
)

// replica is an application behind its sidecar, run by an agent.
type replica struct {
	binary   string // The command of this package.
	workload string
	at       render.Place
	calls    []string // Method and URL in turns.

	cmd *exec.Cmd
	out *testkit.Buffer
}

// newReplica is one of workload at a place with a certificate, whose application
// makes every call that the policy allows it.
func newReplica(binary string, m *meshtest.Mesh, workload string, at render.Place) *replica {
	r := &replica{binary: binary, workload: workload, at: at}
	for _, callee := range m.Policy.Callees(workload) {
		for route := range m.Policy.Between(workload, callee) {
			path := strings.ReplaceAll(string(route.Path), "{id}", "7")
			r.calls = append(r.calls, route.Method, "http://"+at.Egress[callee]+path)
		}
	}
	return r
}

// launch starts the agent; serves waits for it.
func (r *replica) launch(t *testing.T) {
	t.Helper()
	home := filepath.Dir(r.at.Config)
	r.at.AccessLog = filepath.Join(home, "access.log")
	text, err := json.Marshal(r.at)
	must(t, err)
	place := filepath.Join(home, "place.json")
	must(t, os.WriteFile(place, text, 0o600))
	out := &testkit.Buffer{}
	cmd := exec.Command(r.binary, "agent", "--workload", r.workload, "--place", place, "--drain", "5s", "--", os.Args[0])
	cmd.Env = append(os.Environ(), "ENVOY="+envoyPath(t), application+"="+r.at.App, applicationCalls+"="+strings.Join(r.calls, " "))
	cmd.Stdout, cmd.Stderr = out, out
	must(t, cmd.Start())
	r.cmd, r.out = cmd, out
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		if t.Failed() {
			t.Logf("an agent of %s said:\n%s", r.workload, out)
		}
	})
}

// serving is what the agent logs when all runs.
type serving struct {
	Msg     string
	Envoy   int `json:"envoy_pid"`
	Service int `json:"service_pid"`
}

// serves waits until the agent serves and returns the numbers of its processes.
func (r *replica) serves(t *testing.T) serving {
	t.Helper()
	var s serving
	testkit.Eventually(t, 2*patience, func() bool { // Many start at a time.
		for line := range strings.Lines(r.out.String()) {
			if json.Unmarshal([]byte(line), &s) == nil && s.Msg == "serving" {
				return true
			}
		}
		return false
	}, "the agent of", r.workload, "serves")
	return s
}

// pid is what the application answers with.
func (r *replica) pid(t *testing.T) string {
	t.Helper()
	return fmt.Sprint(r.serves(t).Service)
}

// terminate asks the replica to end as Compose and Kubernetes do; ends waits for
// it.
func (r *replica) terminate(t *testing.T) {
	t.Helper()
	must(t, r.cmd.Process.Signal(syscall.SIGTERM))
}

func (r *replica) ends(t *testing.T) {
	t.Helper()
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("the agent of %s ended with %v", r.workload, err)
	}
}

// kill ends agent, Envoy and application at once.
func (r *replica) kill(t *testing.T) {
	t.Helper()
	s := r.serves(t)
	for _, pid := range []int{r.cmd.Process.Pid, s.Envoy, s.Service} {
		must(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	_ = r.cmd.Wait()
}
