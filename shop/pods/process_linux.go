package pods

import "syscall"

// endsWithParent makes a process get SIGTERM when this one is killed.
func endsWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGTERM
	return attr
}
