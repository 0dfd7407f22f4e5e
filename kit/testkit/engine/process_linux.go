package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// outputTime is how long the output of an ended process is waited for, if
// something it left behind holds it open.
const outputTime = time.Second

// process is a child process that gets a signal when this process ends, whatever
// ends it.
type process struct {
	*os.Process
	ended chan struct{} // Closed when it has ended.
	// How it ended, valid then: nil = exit code 0.
	err error
}

// start starts c, which prints to log.
func start(c command, log io.Writer) (*process, error) {
	defer func() {
		for _, f := range c.files {
			_ = f.Close() // The child has its own.
		}
	}()
	cmd := exec.Command(c.path, c.args...) //nolint:gosec,noctx // Engines by their names; they outlive the call that starts them.
	cmd.Dir, cmd.Env, cmd.ExtraFiles = c.dir, append([]string{}, c.env...), c.files
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = log, log, outputTime
	// A group of its own: Ctrl-C is for this process, which stops its engines last.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: c.orphan}
	if c.account != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(c.account.uid), Gid: uint32(c.account.gid)}
	}
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux sends the signal when the thread ends that started the child, not
		// the process. This thread stays for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.Process = cmd.Process
	return p, nil
}

// run runs c to its end.
func run(ctx context.Context, c command, out io.Writer) error {
	p, err := start(c, out)
	if err != nil {
		return err
	}
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), kill([]*process{p}))
	}
}

func (p *process) signal(s os.Signal) error {
	if err := p.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", s, err)
	}
	return nil
}
