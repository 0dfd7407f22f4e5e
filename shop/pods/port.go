//go:build linux || darwin

package pods

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are from below the range that systems give to outgoing connections (Linux:
// 32768 and up), so that none of these takes one before its process does.
const (
	lowestPort  = 20000
	highestPort = 30000
)

// freePorts returns a source of ports of loopback that nobody listens on, each
// another one. (Two Envoys on one port would share its connections.)
func freePorts() func() (int, error) {
	given := map[int]bool{}
	return func() (int, error) {
		const tries = 1000
		for range tries {
			port := lowestPort + rand.IntN(highestPort-lowestPort) //nolint:gosec // G404: no secret.
			if given[port] {
				continue
			}
			given[port] = true
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // Nothing to cancel.
			if err == nil {
				return port, l.Close()
			}
		}
		return 0, errors.New("no free port on loopback")
	}
}
