//go:build linux

package engine_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

// listeners returns the addresses that a process listens at, from /proc/PID/fd
// and /proc/net/tcp (man 5 proc).
func listeners(t *testing.T, pid int) (addrs []string) {
	t.Helper()
	inodes := map[string]bool{}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // It has ended meanwhile.
	}
	must(t, err)
	for _, f := range files {
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, f.Name()))
		if inode, ok := strings.CutPrefix(target, "socket:["); err == nil && ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		must(t, err)
		for line := range strings.Lines(string(text)) {
			const local, state, inode, listen = 1, 3, 9, "0A"
			if f := strings.Fields(line); len(f) > inode && f[state] == listen && inodes[f[inode]] {
				addrs = append(addrs, address(t, f[local]))
			}
		}
	}
	return addrs
}

// address reads an address of these tables: words of four bytes, each the other
// way round, and a port.
func address(t *testing.T, text string) string {
	t.Helper()
	ip, _, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(ip)
	must(t, err)
	for word := range slices.Chunk(b, 4) {
		slices.Reverse(word)
	}
	return net.IP(b).String()
}
