//go:build unix

package identity

import (
	"io/fs"
	"syscall"
)

// ids returns whom a file belongs to.
func ids(info fs.FileInfo) (uid, gid int) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return int(stat.Uid), int(stat.Gid)
}
