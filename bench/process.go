package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"shop/shop/rest"
)

// process is a program under measurement.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	ready time.Duration // From starting it to its first answer.
}

// build compiles the commands of packages into dir, each under its folder's name.
func build(ctx context.Context, dir string, packages ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-o", dir + "/"}, packages...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", packages, err, out)
	}
	return nil
}

// program is what a process runs.
type program struct {
	path string
	args []string
	dir  string   // "" = that of this process.
	env  []string // nil = that of this process.
	log  io.Writer
	warn io.Writer // What it writes to standard error; nil = that of this process.
}

// start runs a program until probe answers 200, for at most 30 s.
func start(ctx context.Context, probe string, run program) (*process, error) {
	cmd := exec.CommandContext(ctx, run.path, run.args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = run.dir, run.env, run.log, run.warn
	if run.warn == nil {
		cmd.Stderr = os.Stderr
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // How it ended is in ProcessState.
		close(p.ended)
	}()
	if err := p.await(ctx, probe); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s does not answer at %s: %w", filepath.Base(run.path), probe, err)
	}
	p.ready = time.Since(began)
	return p, nil
}

func (p *process) await(ctx context.Context, probe string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		a, err := rest.Client{Base: probe}.Get(ctx, "")
		if err == nil && a.Status == http.StatusOK {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("answered %d: %s", a.Status, a.Detail())
		}
		select {
		case <-p.ended:
			return errors.New(p.cmd.ProcessState.String())
		case <-ctx.Done():
			return err
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// stop ends the process, if there is one, as an operator would and waits for it.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.ended
}

// resident returns the process's resident set in bytes.
func (p *process) resident() (int64, error) { return resident(p.cmd.Process.Pid) }

func resident(pid int) (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// child returns the one child of a process.
func child(pid int) (int, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, err
	}
	for _, thread := range threads {
		children, err := os.ReadFile(thread)
		if err != nil {
			return 0, err
		}
		if text := strings.TrimSpace(string(children)); text != "" {
			return strconv.Atoi(text)
		}
	}
	return 0, fmt.Errorf("process %d has no child", pid)
}

// tick is the unit of CPU time in /proc: proc(5), USER_HZ.
const tick = 10 * time.Millisecond

// cpuOf returns how long each process has been running on a CPU.
func cpuOf(pids []int) ([]time.Duration, error) {
	used := make([]time.Duration, len(pids))
	for i, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return nil, err
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // The name before it may hold spaces.
		fields := strings.Fields(rest)
		const user, system = 11, 12
		for _, field := range []int{user, system} {
			n, err := strconv.ParseInt(fields[field], 10, 64)
			if err != nil {
				return nil, err
			}
			used[i] += time.Duration(n) * tick
		}
	}
	return used, nil
}

// freePorts returns the first of n consecutive ports that are free now, with
// the n ports 1,000 above them.
func freePorts(n int) (int, error) {
	for base := 21001; base < 60000; base += 50 {
		if free(base, n) && free(base+1000, n) {
			return base, nil
		}
	}
	return 0, errors.New("no free ports")
}

func free(base, n int) bool {
	for p := base; p < base+n; p++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
