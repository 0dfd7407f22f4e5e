// Package port finds ports of this machine's loopback for programs that must be
// told a number. Whoever can should listen on port 0 instead.
package port

import (
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"sync"
)

// Ports are from below the range that systems give to outgoing connections (Linux:
// 32768 and up): a client that keeps dialling a server that is down would in the
// end hold the server's port itself. And they are from above those of a shop that
// runs on this machine.
const (
	lowest  = 11000
	highest = 30000
)

var claims = struct {
	sync.Mutex
	held map[int]net.Listener
}{held: map[int]net.Listener{}}

// Free returns a port that nobody listens on, another one each time. On Linux it
// is given to no other process either, as long as this one lives and all ask here:
// two Envoys on one port would share its connections without a word.
func Free() (int, error) {
	claims.Lock()
	defer claims.Unlock()
	for range 1000 {
		n := lowest + rand.IntN(highest-lowest) //nolint:gosec // G404: no secret.
		if _, again := claims.held[n]; again {
			continue
		}
		claim, err := claim(n)
		if err != nil {
			continue
		}
		claims.held[n] = claim // Also if it is taken: it would be again.
		if IsFree(n) {
			return n, nil
		}
	}
	return 0, errors.New("no free port on loopback")
}

// IsFree reports whether nobody listens on port n.
func IsFree(n int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(n))) //nolint:noctx // Nothing to cancel.
	return err == nil && l.Close() == nil
}

// claim tells other processes by a socket without a file, which ends with this
// process however it ends.
func claim(n int) (net.Listener, error) {
	if runtime.GOOS != "linux" {
		return nil, nil //nolint:nilnil // Nothing to hold.
	}
	return net.Listen("unix", "@shop-port-"+strconv.Itoa(n)) //nolint:noctx // As above.
}
