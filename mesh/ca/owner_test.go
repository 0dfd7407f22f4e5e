//go:build unix

package ca_test

import (
	"os"
	"syscall"
	"testing"

	"shop/mesh/identity"
)

func ownerOf(t testing.TB, path string) identity.Owner {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	return identity.Owner{UID: int(stat.Uid), GID: int(stat.Gid)}
}
