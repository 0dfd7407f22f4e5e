//go:build unix && !linux

package agent

import "runtime/debug"

// giveBack returns the memory that only the start has needed.
func giveBack() { debug.FreeOSMemory() }
