package meshtest

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are from below the range that systems give to outgoing connections, so
// that none of these takes one before its Envoy does.
const (
	lowestPort  = 10000
	highestPort = 20000
)

// taken are the ports that this process has given out.
var taken sync.Map

// port returns a port of loopback that nobody listens on, another each time.
func port() (int, error) {
	for range 1000 {
		n := lowestPort + rand.IntN(highestPort-lowestPort) //nolint:gosec // G404: no secret.
		if _, again := taken.LoadOrStore(n, true); again {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(n))) //nolint:noctx // Nothing to cancel.
		if err == nil {
			return n, l.Close()
		}
	}
	return 0, errors.New("no free port on loopback")
}
