package engine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// lookAgain is how often processes are looked at that were sent a signal.
const lookAgain = time.Millisecond

// member is one process of an engine. Signals to process groups would not do:
// PostgreSQL's and Erlang's children lead groups of their own.
type member struct {
	pid     int
	parent  int
	state   byte   // R, S, D, T (stopped), Z (dead), …
	started string // Clock ticks; tells a process from a later one of the same number.
}

// tree returns the processes of an engine with all their descendants.
func tree(roots []*process) ([]member, error) {
	all, err := everybody()
	if err != nil {
		return nil, err
	}
	wanted := map[int]bool{}
	for _, p := range roots {
		wanted[p.Pid] = true
	}
	var found []member
	for more := true; more; {
		more = false
		for pid, m := range all {
			if wanted[pid] || wanted[m.parent] {
				wanted[pid], more = true, true
				found = append(found, m)
				delete(all, pid)
			}
		}
	}
	return found, nil
}

// everybody returns all processes of this machine by number, but for those that
// have ended and wait for their parent to hear of it.
func everybody() (map[int]member, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	all := map[int]member{}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if m, ok := look(pid); ok && !m.ended() {
				all[pid] = m
			}
		}
	}
	return all, nil
}

// look reads /proc/PID/stat (man 5 proc).
func look(pid int) (m member, ok bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return m, false
	}
	// The name, in parentheses, may have spaces and parentheses itself.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const state, parent, started = 0, 1, 19
	if len(fields) <= started {
		return m, false
	}
	m = member{pid: pid, state: fields[state][0], started: string(fields[started])}
	m.parent, err = strconv.Atoi(string(fields[parent]))
	return m, err == nil
}

// now returns m as it is now; false when it has ended.
func (m member) now() (member, bool) {
	is, ok := look(m.pid)
	return is, ok && is.started == m.started && !is.ended()
}

func (m member) ended() bool { return m.state == 'Z' || m.state == 'X' }

func (m member) signal(s syscall.Signal) error {
	if _, lives := m.now(); !lives {
		return nil
	}
	if err := syscall.Kill(m.pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %s to process %d: %w", s, m.pid, err)
	}
	return nil
}

// freeze stops the processes of an engine, so that none answers and none starts
// another, and returns them.
func freeze(roots []*process) ([]member, error) {
	var frozen []member
	known := map[int]bool{}
	for {
		members, err := tree(roots)
		if err != nil {
			return frozen, err
		}
		grown := false
		for _, m := range members {
			if known[m.pid] {
				continue
			}
			known[m.pid], grown = true, true
			frozen = append(frozen, m)
			if err := m.signal(syscall.SIGSTOP); err != nil {
				return frozen, err
			}
			await(m, func(is member) bool { return is.state == 'T' })
		}
		if !grown {
			return frozen, nil
		}
	}
}

// await returns when m is as wanted or has ended.
func await(m member, wanted func(member) bool) {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		if is, lives := m.now(); !lives || wanted(is) {
			return
		}
		<-again.C
	}
}

// kill ends the processes of an engine and returns when they are gone.
func kill(roots []*process) error {
	members, err := freeze(roots)
	for _, m := range members {
		err = errors.Join(err, m.signal(syscall.SIGKILL))
	}
	for _, m := range members {
		await(m, func(member) bool { return false })
	}
	for _, p := range roots {
		<-p.ended
	}
	return err
}

// guard is a small process beside a paused engine. When this process ends
// meanwhile, the guard lets the engine go on, so that it notices and ends too.
type guard struct {
	cmd     *exec.Cmd
	alive   lifeline
	members []member
}

// pause stops the processes of an engine.
func pause(roots []*process) (*guard, error) {
	members, err := freeze(roots)
	g := &guard{members: members}
	if err != nil {
		return nil, errors.Join(err, g.resume())
	}
	args := []string{"-c", `read -r _; kill -s CONT "$@"`, "guard"}
	for _, m := range members {
		args = append(args, strconv.Itoa(m.pid))
	}
	g.cmd, g.alive, err = companion(args)
	if err != nil {
		return nil, errors.Join(err, g.resume())
	}
	return g, nil
}

func (g *guard) resume() error {
	var failed []error
	for _, m := range g.members {
		failed = append(failed, m.signal(syscall.SIGCONT))
	}
	return errors.Join(failed...)
}

// close ends the guard.
func (g *guard) close() error {
	err := g.alive.close()
	_ = g.cmd.Wait() // It could continue all or not: they may have ended.
	return err
}

// lifeline is the writing end of a pipe whose other end a companion reads. It is
// no os.File: the garbage collector closes a file that nobody uses any more.
type lifeline int

// close ends the companion.
func (l lifeline) close() error { return syscall.Close(int(l)) }

// companion starts a shell whose input ends with this process, or when the
// lifeline is closed.
func companion(args []string) (*exec.Cmd, lifeline, error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, 0, fmt.Errorf("make a pipe: %w", err)
	}
	in, alive := os.NewFile(uintptr(ends[0]), "lifeline"), lifeline(ends[1])
	defer in.Close()
	cmd := exec.Command("/bin/sh", args...) //nolint:gosec,noctx // Scripts of this package; they must not end before this process.
	cmd.Stdin = in
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, 0, errors.Join(err, alive.close())
	}
	return cmd, alive, nil
}
