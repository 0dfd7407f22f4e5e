package agent

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
)

// family is the children of this process: those that it starts, and those whose
// parents have ended, which come to process 1 and must be collected there.
type family struct {
	starts chan func()
	status *Status

	mu       sync.Mutex // Held over a start, so that no child is collected before it is known.
	children map[int]*child
}

// process is a program to start.
type process struct {
	name          string
	args          []string // The path of the program first.
	stdin, stdout *os.File // nil = nothing.
	stderr        *os.File // nil = ours.
}

// child is a started program.
type child struct {
	name   string
	pid    int
	ended  chan struct{} // Closed when it has ended.
	status syscall.WaitStatus
	asked  bool // To end.

	mu   sync.Mutex // Held over a signal, so that it reaches no other process that has got the number since.
	gone bool
}

// newFamily makes this process the one that orphans come to.
func newFamily(status *Status) (*family, error) {
	if err := adoptOrphans(); err != nil {
		return nil, fmt.Errorf("become the parent of orphans: %w", err)
	}
	f := &family{starts: make(chan func()), children: map[int]*child{}, status: status}
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGCHLD)
	go func() {
		for range ends {
			f.collect()
		}
	}()
	go func() {
		// Linux tells children of the end of the thread that started them, not of
		// the process: this one stays.
		runtime.LockOSThread()
		for start := range f.starts {
			start()
		}
	}()
	return f, nil
}

// collect takes in the statuses of all that have ended.
func (f *family) collect() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		f.mu.Lock()
		c := f.children[pid]
		delete(f.children, pid)
		f.mu.Unlock()
		if c == nil {
			f.status.orphans.Add(1)
			continue
		}
		c.mu.Lock()
		c.gone, c.status = true, status
		c.mu.Unlock()
		close(c.ended)
	}
}

// start starts p.
func (f *family) start(p process) (*child, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	files := []*os.File{p.stdin, p.stdout, p.stderr}
	fds := make([]uintptr, len(files))
	for i, file := range files {
		switch {
		case file == nil && i == 2:
			file = os.Stderr
		case file == nil:
			file = null
		}
		fds[i] = file.Fd()
	}
	// A group of its own: Ctrl-C is for this process, which ends its children in order.
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: fds, Sys: endsWithParent(&syscall.SysProcAttr{Setpgid: true})}
	c := &child{name: p.name, ended: make(chan struct{})}
	done := make(chan error)
	f.starts <- func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		var err error
		c.pid, err = syscall.ForkExec(p.args[0], p.args, attr) //nolint:gosec // The operator's own command.
		if err == nil {
			f.children[c.pid] = c
		}
		done <- err
	}
	if err := <-done; err != nil {
		return nil, fmt.Errorf("%s: %w", p.args[0], err)
	}
	return c, nil
}

// signal sends s to c, if it runs.
func (c *child) signal(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone {
		_ = syscall.Kill(c.pid, s) // It runs or is not collected yet, so there is nothing that can fail.
	}
}

// ask asks c to end.
func (c *child) ask() {
	c.asked = true
	c.signal(syscall.SIGTERM)
}

// killGroup ends c and what it has started and left behind.
func (c *child) killGroup() { _ = syscall.Kill(-c.pid, syscall.SIGKILL) } // That nobody is left is no failure.

// end is closed when c has ended; never, if there is no c.
func (c *child) end() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.ended
}

func (c *child) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// number is the process's, 0 if there is no c.
func (c *child) number() int {
	if c == nil {
		return 0
	}
	return c.pid
}

// code is the exit code of c, which has ended, as shells tell it.
func (c *child) code() int {
	if c.status.Signaled() {
		return signalled + int(c.status.Signal())
	}
	return c.status.ExitStatus()
}

// how says how c has ended.
func (c *child) how() string {
	switch {
	case c == nil:
		return "none"
	case c.status.Signaled():
		return "signal " + c.status.Signal().String()
	default:
		return fmt.Sprintf("exit code %d", c.status.ExitStatus())
	}
}
