//go:build linux || darwin

package pods

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"shop/mesh/policy"
	"shop/mesh/render"
	"shop/shop/local"
)

// Command is the name of the hidden command that pods are started by.
const Command = "pod"

// manifest is the file that says what a pod is.
type manifest struct {
	Workload string
	Envoy    string   // The path of the program.
	Overlays []string // Of the policy.
	Place    render.Place
	Status   string        // Where the agent tells its figures.
	Broker   bool          // The service's broker is there and is waited for.
	StopTime time.Duration // How long the service may take to end.
}

// Files in a pod's directory.
const (
	manifestFile = "pod.json"
	logFile      = "pod.log" // Of Envoy and the agent.
)

func readManifest(file string) (m manifest, err error) {
	text, err := os.ReadFile(file) //nolint:gosec // Written by this program.
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

// pod is a process that runs an Envoy and, behind it, a service.
type pod struct {
	name  string
	logAt string
	cmd   *exec.Cmd
	stop  time.Duration
	why   string        // What it said about its failure, valid when it has ended.
	ready chan struct{} // Closed when it serves.
	done  chan struct{} // Closed when its service has ended.
	ended chan struct{} // Closed when it and everything that it has started have ended.
}

// start starts the pod of a workload. ended is told when it has ended.
func (s *Shop) start(workload string, ended chan<- *pod) (*pod, error) {
	p := &pod{
		name: workload, logAt: filepath.Join(s.dir, workload, logFile), stop: s.policy.Edge.Timeouts.Stream + margin,
		ready: make(chan struct{}), done: make(chan struct{}), ended: make(chan struct{}),
	}
	environ := os.Environ()
	if workload != policy.EdgeName {
		p.stop = s.settings[workload].stop
		environ = nil
		for name, value := range s.settings[workload].environ {
			environ = append(environ, name+"="+value)
		}
	}
	file, err := s.write(p)
	if err != nil {
		return nil, err
	}
	log, err := local.OpenLog(p.logAt)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	p.cmd = exec.Command(program, Command, "run", file) //nolint:gosec,noctx // This program; it is ended in order.
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = environ, s.o.Output, log
	p.cmd.ExtraFiles = []*os.File{s.home.Lock(), write} // lockFile and reportFile.
	// A group of its own: Ctrl-C is for this process, which ends the pods in order.
	p.cmd.SysProcAttr = endsWithParent(&syscall.SysProcAttr{Setpgid: true})
	started := make(chan error)
	go func() {
		// Linux tells a child of the end of the thread that started it, not of the
		// process. This thread stays for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // Its state says how it ended.
			ended <- p
		}
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("start the %s pod: %w", workload, err), read.Close())
	}
	go p.listen(read)
	return p, nil
}

// write writes the pod's manifest.
func (s *Shop) write(p *pod) (file string, err error) {
	m := manifest{
		Workload: p.name, Envoy: s.o.Envoy, Place: s.places[p.name], Status: s.statuses[p.name], Broker: !s.home.Broken(), StopTime: p.stop,
	}
	for _, overlay := range s.o.Overlays {
		path, err := filepath.Abs(overlay)
		if err != nil {
			return "", err
		}
		m.Overlays = append(m.Overlays, path)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(s.dir, p.name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := local.SetAside(m.Place.AccessLog); err != nil {
		return "", err
	}
	file = filepath.Join(dir, manifestFile)
	return file, os.WriteFile(file, text, 0o600)
}

// listen takes the pod's reports until the last of its processes has ended.
func (p *pod) listen(reports io.ReadCloser) {
	defer close(p.ended)
	defer reports.Close()
	done := sync.OnceFunc(func() { close(p.done) })
	defer done()
	lines := json.NewDecoder(reports)
	for {
		var r reported
		if err := lines.Decode(&r); err != nil {
			return
		}
		switch {
		case r.Ready:
			close(p.ready)
		case r.Done:
			done()
		case p.why == "":
			p.why = r.Error
		}
	}
}

// failure says how p ended, which nobody had asked to.
func (p *pod) failure() *EndedError {
	<-p.ended
	code := p.cmd.ProcessState.ExitCode()
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = signalled + int(status.Signal())
	}
	return &EndedError{Pod: p.name, Code: code, Why: p.why, Log: p.logAt}
}

// signalled is what exit codes of programs begin with that a signal killed.
const signalled = 128

// ask asks p to end.
func (p *pod) ask() { _ = p.cmd.Process.Signal(syscall.SIGTERM) } // It may have ended.

// await returns when p has come so far, or has been killed because it took too
// long.
func (p *pod) await(far <-chan struct{}) error {
	patience := p.stop + margin
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-far:
		return nil
	case <-late.C:
	}
	_ = p.cmd.Process.Kill() // It may have ended. What it has started ends with it.
	<-p.ended
	return fmt.Errorf("%s did not end within %s and was killed", p.name, patience)
}

// stop ends pods, the last first: a service may call those before it to the end.
func stop(pods []*pod) error {
	var failed []error
	for _, p := range slices.Backward(pods) {
		p.ask()
		failed = append(failed, p.await(p.done))
	}
	for _, p := range pods {
		failed = append(failed, p.await(p.ended))
	}
	return errors.Join(failed...)
}
