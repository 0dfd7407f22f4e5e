//go:build unix

package sqldb

import (
	"net"
	"syscall"
)

// fatal begins the message by which PostgreSQL takes leave of an idle connection.
const fatal = 'E'

// closed reports, without waiting, whether the other side has closed an idle
// connection or said that it will.
func closed(conn net.Conn) bool {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	control, err := raw.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = control.Control(func(fd uintptr) {
		var first [1]byte
		n, _, err := syscall.Recvfrom(int(fd), first[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EAGAIN || err == syscall.EINTR:
		case err != nil, n == 0:
			gone = true
		default: // Under TLS, where the byte says nothing, it is never this one.
			gone = first[0] == fatal
		}
	})
	return gone || err != nil
}
