package service

import (
	"os"
	"runtime/debug"
)

// gcPercent is Go's GOGC of a service that isn't told another. With Go's own 100
// the collector takes an eighth of the CPU under load, and what a service keeps is
// a few MiB: twice as much of them is cheap.
const gcPercent = 200

// SetMemory has the process collect garbage as services do, unless GOGC says
// otherwise.
func SetMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
