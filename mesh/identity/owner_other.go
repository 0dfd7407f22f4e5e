//go:build !unix

package identity

import "io/fs"

// ids returns whom a file belongs to: nobody with a number, here.
func ids(fs.FileInfo) (uid, gid int) { return 0, 0 }
