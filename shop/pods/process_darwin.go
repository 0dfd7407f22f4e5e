package pods

import (
	"errors"
	"syscall"
)

// endsWithParent does nothing: elsewhere than on Linux pods outlive a shop that is
// killed.
func endsWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }

// child returns an error: what a pod has started is known on Linux only.
func child(int, string) (int, error) { return 0, errors.New("drills with processes run on Linux only") }
