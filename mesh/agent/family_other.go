//go:build unix && !linux

package agent

import "syscall"

// Elsewhere than on Linux the agent is no container's first process, and children
// outlive one that is killed.

func adoptOrphans() error { return nil }

func endsWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }
