package identity

import (
	"os"
	"path/filepath"
)

// Owner is whom files are given to; 0 leaves user or group as they are.
type Owner struct{ UID, GID int }

// keyMode lets nobody but the owner read a key.
const keyMode = 0o600

// Keeps says whether the key in dir belongs to o and can be read by nobody else.
func (o Owner) Keeps(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, KeyFile))
	if err != nil || info.Mode().Perm() != keyMode {
		return false
	}
	uid, gid := ids(info)
	return (o.UID == 0 || o.UID == uid) && (o.GID == 0 || o.GID == gid)
}

// take makes o the owner of f.
func (o Owner) take(f *os.File) error {
	if o == (Owner{}) {
		return nil
	}
	const same = -1
	uid, gid := o.UID, o.GID
	if uid == 0 {
		uid = same
	}
	if gid == 0 {
		gid = same
	}
	return f.Chown(uid, gid)
}
