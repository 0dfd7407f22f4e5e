package agent

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes processes whose parents have ended children of this one,
// which they are of process 1 anyway.
func adoptOrphans() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// endsWithParent makes a child get SIGTERM when this process is killed.
func endsWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGTERM
	return attr
}
