//go:build linux || darwin

package pods

import (
	"encoding/json"
	"syscall"
)

// Files that every process of a pod has open: the lock of the data directory, so
// that nobody uses that while one of them runs, and a pipe to the shop.
const (
	_          = 3 + iota // The lock: to be open is all it does.
	reportFile            // Its end tells the shop that the last one has ended.
)

// reported is what a pod tells the shop.
type reported struct {
	Ready bool   `json:"ready,omitempty"` // It serves.
	Done  bool   `json:"done,omitempty"`  // Its service has ended in order.
	Error string `json:"error,omitempty"`
}

// tell writes r to the shop that has started this process. When that has ended
// there is nobody left to tell. (No os.File: the garbage collector closes one that
// nobody uses any more, and what this process starts is to have it too.)
func tell(r reported) {
	text, err := json.Marshal(r)
	if err == nil {
		_, _ = syscall.Write(reportFile, append(text, '\n'))
	}
}
