package engine

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range that systems give to outgoing connections
// (Linux: 32768 and up). Otherwise a client that keeps dialling an engine that is
// down would in the end hold the engine's port itself.
const (
	lowestPort  = 20000
	highestPort = 30000
)

// freePort returns a port of this machine's loopback that nobody listens on.
func freePort() (int, error) {
	const tries = 1000
	for range tries {
		if port := lowestPort + rand.IntN(highestPort-lowestPort); free(port) { //nolint:gosec // G404: no secret.
			return port, nil
		}
	}
	return 0, errors.New("no free port on loopback")
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))) //nolint:noctx // Nothing to cancel.
	if err != nil {
		return false
	}
	return l.Close() == nil
}
