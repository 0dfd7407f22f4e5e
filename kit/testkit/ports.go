package testkit

import (
	"net"
	"os"
	"strconv"
	"testing"

	"shop/kit/port"
)

// A slot of ports has one more, which is held for as long as the slot is somebody's.
// Slots and what is 1,000 and 2,000 above them lie between the ports that engines
// and sidecars get and those that systems give to outgoing connections, one of which
// could take a port before its owner does.
const (
	lowestSlot = 30001
	slots      = 36
	slotPorts  = 20
)

// Ports returns the first of 19 ports of loopback that nobody listens on, with those
// at each distance above them: 1000, 2000, or both. Until the test ends they are
// given to no other test, of this process or of another.
func Ports(t testing.TB, distances ...int) int {
	t.Helper()
	for n := range slots {
		base := lowestSlot + (os.Getpid()+n)%slots*slotPorts
		claim, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+slotPorts-1))) //nolint:noctx // Nothing to cancel.
		if err != nil {
			continue
		}
		if allFree(base, distances) {
			t.Cleanup(func() { _ = claim.Close() })
			return base
		}
		_ = claim.Close()
	}
	t.Fatal("no free ports on loopback")
	return 0
}

func allFree(base int, distances []int) bool {
	for _, distance := range append([]int{0}, distances...) {
		for n := range slotPorts - 1 {
			if !port.IsFree(base + distance + n) {
				return false
			}
		}
	}
	return true
}
