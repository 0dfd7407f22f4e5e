package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/operator"
	"shop/shop/rest"
)

// process is one replica of a service. It keeps its ports and its log through
// every kill and start.
type process struct {
	name    string // "order-2"
	program string
	environ []string
	port    int
	logFile string
	door    rest.Client // Its own, past the proxies.
	admin   rest.Client

	cmd    *exec.Cmd
	exited chan struct{}
}

func newProcess(t *testing.T, name, program string, port int, environ map[string]string) *process {
	t.Helper()
	at := func(port int) rest.Client {
		return rest.Client{Base: "http://127.0.0.1:" + strconv.Itoa(port), HTTP: newHTTPClient(t)}
	}
	p := &process{
		name: name, program: program, port: port,
		environ: []string{"PATH=" + os.Getenv("PATH")},
		logFile: filepath.Join(t.TempDir(), name+".log"),
		door:    at(port),
		admin:   at(port + operator.PortDistance),
	}
	for key, value := range environ {
		p.environ = append(p.environ, key+"="+value)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s said at last:\n%s", name, lastWords(p.logFile))
		}
	})
	return p
}

// Addr is where the replica listens.
func (p *process) Addr() string { return "127.0.0.1:" + strconv.Itoa(p.port) }

// Launch starts the program and returns at once.
func (p *process) Launch(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(p.program) // No context: its end is what the test is about.
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = p.environ, filepath.Dir(p.logFile), log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // The exit code is in ProcessState.
		close(exited)
	}()
	p.cmd, p.exited = cmd, exited
}

// Start starts the program and waits until it is ready.
func (p *process) Start(t *testing.T) {
	t.Helper()
	p.Launch(t)
	p.AwaitReady(t)
}

// AwaitReady waits until the replica says that it can serve.
func (p *process) AwaitReady(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, patience, func() error {
		select {
		case <-p.exited:
			t.Fatalf("%s ended with code %d instead of getting ready:\n%s", p.name, p.cmd.ProcessState.ExitCode(), lastWords(p.logFile))
		default:
		}
		return p.ready(t.Context())
	}, p.name+" is ready")
}

func (p *process) ready(ctx context.Context) error {
	a, err := p.door.Get(ctx, "/readyz")
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("%s: /readyz answers %d: %s", p.name, a.Status, a.Body)
	}
	return err
}

// Kill ends the program without a word, as a power cut would, and waits until it
// is gone.
func (p *process) Kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // Fails only when it is gone already.
	<-p.exited
}

// Terminate sends SIGTERM and returns how the program ended and after what time.
func (p *process) Terminate(t *testing.T) (code int, took time.Duration) {
	t.Helper()
	start := time.Now()
	p.signal(t, syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatalf("%s did not stop within %s", p.name, patience)
	}
	return p.cmd.ProcessState.ExitCode(), time.Since(start)
}

// Pause stops the program in the middle of whatever it does; it keeps its
// connections and answers nothing until Resume.
func (p *process) Pause(t *testing.T) { t.Helper(); p.signal(t, syscall.SIGSTOP) }

// Resume lets a paused program go on.
func (p *process) Resume(t *testing.T) { t.Helper(); p.signal(t, syscall.SIGCONT) }

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("%s to %s: %v", s, p.name, err)
	}
}

// lastWords returns the end of a log.
func lastWords(file string) string {
	const most = 40
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) > most {
		lines = append([]string{fmt.Sprintf("… %d lines before", len(lines)-most)}, lines[len(lines)-most:]...)
	}
	return strings.Join(lines, "\n")
}
