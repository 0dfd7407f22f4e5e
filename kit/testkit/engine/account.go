package engine

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// account is whom a process runs as; nil = whom this one runs as.
type account struct{ uid, gid int }

// unprivileged returns an account for an engine that refuses to be root: nil
// unless this process is.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue // The next one may be there.
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", name, err)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", name, err)
		}
		return &account{uid, gid}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")
}

// own gives the file at path to a.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}
