//go:build linux

package engine

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestAPortThatIsTakenMeanwhile: somebody takes the chosen port before the
// engine does.
func TestAPortThatIsTakenMeanwhile(t *testing.T) {
	dir := t.TempDir()
	path, err := program("redis-server", "redis-server")
	if err != nil {
		t.Fatal(err)
	}
	var chosen []int
	d := design{
		name: "Redis",
		commands: func(port int) ([]command, error) {
			if chosen = append(chosen, port); len(chosen) == 1 {
				thief, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
				if err != nil {
					return nil, err
				}
				t.Cleanup(func() { _ = thief.Close() })
				go func() {
					for { // Nobody may wait for its answer.
						c, err := thief.Accept()
						if err != nil {
							return
						}
						_ = c.Close()
					}
				}()
			}
			return []command{{path: path, args: []string{"--port", strconv.Itoa(port), "--bind", host}, dir: dir}}, nil
		},
		url:  func(port int) string { return "redis://" + host + ":" + strconv.Itoa(port) },
		ask:  askRedis,
		stop: syscall.SIGTERM,
	}
	s, err := open(t.Context(), Options{Dir: dir}, d)
	if err != nil {
		t.Fatal(err)
	}
	if len(chosen) != 2 || s.Addr() != net.JoinHostPort(host, strconv.Itoa(chosen[1])) {
		t.Errorf("ports %v were tried, and it is at %s", chosen, s.Addr())
	}
	if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestTheProgramsOfThePostgresThatWroteTheData(t *testing.T) {
	files := byVersion("/usr/lib/postgresql/*/bin/initdb")
	for i, file := range files[:len(files)-1] {
		if !strings.Contains(file, "/bin/") || file == files[i+1] {
			t.Errorf("found %v", files)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := program("initdb", "postgresql", filepath.Join(t.TempDir(), "nothing")); err == nil ||
		!strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("error %v, want the package", err)
	}
}
