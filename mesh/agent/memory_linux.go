package agent

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// giveBack returns the memory that is not needed between two events: the heap's,
// and the pages of the program itself, most of which are the messages of Envoy's
// configuration, which register themselves in every process of this program. The
// kernel has them in its page cache, from which they come back when they are
// used. That something can't be given back harms nobody.
func giveBack() {
	debug.FreeOSMemory()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	// A line for each mapping, followed by its figures:
	//
	//	00400000-00c52000 r-xp 00000000 fe:01 1234   /usr/local/bin/mesh
	//	Anonymous:             0 kB
	//
	// Pages that were ever written are anonymous. They are not as in the file, even
	// if nobody may write them any more.
	var from, to uintptr
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case !strings.HasSuffix(fields[0], ":"):
			from, to = 0, 0
			if len(fields) == 6 && fields[5] == program && !strings.Contains(fields[1], "w") {
				_, _ = fmt.Sscanf(fields[0], "%x-%x", &from, &to) // What is no range is none.
			}
		case fields[0] == "Anonymous:" && fields[1] == "0" && from < to:
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}
