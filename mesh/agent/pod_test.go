package agent_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/mesh/agent"
)

// patience is how long something may take on a machine that is busy.
const patience = 60 * time.Second

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// envoy returns the path of Envoy.
func envoy(t testing.TB) string {
	t.Helper()
	path, err := engine.EnvoyPath()
	must(t, err)
	return path
}

// pod is an agent in a process of its own, with an Envoy and what it stands
// before.
type pod struct {
	t       testing.TB
	dir     string // Of everything.
	from    string // What the renderer copies.
	door    string // Where Envoy listens.
	app     string
	admin   string
	metrics string
	cmd     *exec.Cmd
	out     testkit.Buffer
	ended   chan struct{} // Closed when the agent has ended,
	code    int           // with this exit code.
}

// newPod prepares one that is not started: an Envoy that passes /readyz and all
// else on to a service. change may change what the agent is told.
func newPod(t testing.TB, change func(*played, *pod)) *pod {
	t.Helper()
	address := func() string { return fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t)) }
	p := &pod{t: t, dir: t.TempDir(), door: address(), app: address(), metrics: address(), ended: make(chan struct{})}
	p.from = filepath.Join(p.dir, "from")
	p.admin = filepath.Join(p.dir, "admin.sock")
	const longest = 100 // bytes, of a socket's path
	if len(p.admin) > longest {
		p.admin = address()
	}
	told := played{Metrics: p.metrics, Options: agent.Options{
		Config: filepath.Join(p.dir, "config"), Envoy: envoy(t), Admin: p.admin,
		Render: as("renderer", p.from), Inputs: []string{filepath.Join(p.from, "version")},
		Command:   as("service", p.app, p.admin, "0"),
		CertsTime: patience, StartTime: patience, DrainTime: time.Second, StopTime: patience, Poll: 50 * time.Millisecond,
	}}
	must(t, os.MkdirAll(p.from, 0o700))
	p.put("bootstrap.yaml", bootstrap(p.adminAddress(), told.Config))
	p.put("cds.yaml", clusters(p.app))
	p.put("lds.yaml", listeners(p.door, "first", ""))
	p.put("version", "1")
	if change != nil {
		change(&told, p)
	}
	text, err := json.Marshal(told)
	must(t, err)
	args := as("agent", string(text))
	p.cmd = exec.Command(args[0], args[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	return p
}

// run starts a pod and waits until it serves, and its service with it.
func run(t testing.TB, change func(*played, *pod)) *pod {
	t.Helper()
	p := newPod(t, change)
	p.start()
	p.says(`"msg":"serving"`)
	if !strings.Contains(p.cmd.Args[2], `"Command":null`) {
		p.says("service: started")
	}
	return p
}

// put writes a file that the renderer will copy, or an input.
func (p *pod) put(name, content string) {
	p.t.Helper()
	must(p.t, os.WriteFile(filepath.Join(p.from, name), []byte(content), 0o600))
}

func (p *pod) start() {
	p.t.Helper()
	must(p.t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // The code tells.
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.ended)
	}()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if p.t.Failed() {
			p.t.Logf("the pod said:\n%s", p.out.String())
		}
	})
}

// says waits until the pod has said something.
func (p *pod) says(what string) {
	p.t.Helper()
	p.eventually(func() error {
		if p.said(what) == 0 {
			return errors.New("it has not")
		}
		return nil
	}, "the pod says", what)
}

// eventually waits for something of an agent that runs.
func (p *pod) eventually(condition func() error, msg ...any) {
	p.t.Helper()
	var err error
	testkit.Eventually(p.t, patience, func() error {
		ended := false
		select {
		case <-p.ended:
			ended = true
		default:
		}
		if err = condition(); ended {
			return nil
		}
		return err
	}, msg...)
	if err != nil {
		p.t.Fatal(append([]any{"the agent ended before"}, append(msg, err)...)...)
	}
}

// said counts how often the pod has said something.
func (p *pod) said(what string) int { return strings.Count(p.out.String(), what) }

func (p *pod) signal(s syscall.Signal) {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
}

// ends waits for the end and its exit code.
func (p *pod) ends(want int) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("the agent does not end")
	}
	if p.code != want {
		p.t.Errorf("exit code %d, want %d", p.code, want)
	}
}

// pid is the number of a process that the agent has told of.
func (p *pod) pid(name string) int {
	p.t.Helper()
	for line := range strings.Lines(p.out.String()) {
		var told map[string]any
		if json.Unmarshal([]byte(line), &told) == nil && told["msg"] == "serving" {
			return int(told[name].(float64))
		}
	}
	p.t.Fatal("the agent has not told of", name)
	return 0
}

// metric waits for a line of the agent's metrics.
func (p *pod) metric(line string) {
	p.t.Helper()
	p.eventually(func() error {
		body, err := ask("http://" + p.metrics + "/metrics")
		if err == nil && !strings.Contains(body, "\n"+line+"\n") {
			err = errors.New(body)
		}
		return err
	}, "metric", line)
}

// answers waits until Envoy answers a path with body.
func (p *pod) answers(path, body string) {
	p.t.Helper()
	p.eventually(func() error {
		got, err := ask("http://" + p.door + path)
		if err == nil && got != body {
			err = fmt.Errorf("%q", got)
		}
		return err
	}, path, "answers", body)
}

func (p *pod) adminAddress() string {
	if strings.HasPrefix(p.admin, "/") {
		return fmt.Sprintf("pipe: {path: %q}", p.admin)
	}
	return socket(p.admin)
}

// ask returns the body of a 200.
func ask(url string) (string, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), err
}
