package pods

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// endsWithParent makes a process get SIGTERM when this one is killed.
func endsWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGTERM
	return attr
}

// child returns the child of parent whose program is called name, or that was
// started with name among its first arguments.
func child(parent int, name string) (int, error) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		return 0, err
	}
	for _, list := range lists {
		text, err := os.ReadFile(list) //nolint:gosec // Of the kernel.
		if err != nil {
			continue // The thread has ended.
		}
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			if err == nil && called(pid, name) {
				return pid, nil
			}
		}
	}
	return 0, fmt.Errorf("process %d has no child %s", parent, name)
}

// called reports whether a process has name as the name of its program or among
// the words before the first path that follows.
func called(pid int, name string) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false // It has ended.
	}
	words := bytes.Split(line, []byte{0})
	const first = 3 // PROGRAM pod serve MANIFEST
	return filepath.Base(string(words[0])) == name ||
		slices.ContainsFunc(words[:min(first, len(words))], func(w []byte) bool { return string(w) == name })
}
