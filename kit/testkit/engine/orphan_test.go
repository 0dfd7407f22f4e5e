//go:build linux

package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

// parentOf is the environment variable that makes the test binary start an
// engine, say so and wait; paused makes it pause the engine first.
const (
	parentOf = "ENGINE_TEST_PARENT_OF"
	paused   = "ENGINE_TEST_PAUSED"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(parentOf); name != "" {
		if err := parent(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// parent starts an engine and waits to be killed.
func parent(name string) error {
	dir, _, err := engine.TempDir()
	if err != nil {
		return err
	}
	runtime.GC() // Which must not end what watches over the engine and its directory.
	s, err := kinds[name].start(context.Background(), engine.Options{Dir: dir, Fast: true})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return fmt.Errorf("%w\n%s", err, log)
	}
	if os.Getenv(paused) != "" {
		if err := s.Pause(); err != nil {
			return err
		}
	}
	runtime.GC()
	if _, err := fmt.Println(dir, s.Addr()); err != nil { //nolint:forbidigo // To the test.
		return err
	}
	_, err = os.Stdin.Read(make([]byte, 1))
	return err
}

func TestAnEngineEndsWithItsParent(t *testing.T) {
	for state, environ := range map[string]string{"running": "", "paused": paused + "=1"} {
		t.Run(state, func(t *testing.T) {
			for name := range kinds {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), parentOf+"="+name, environ)
					cmd.Stderr = t.Output()
					_, err := cmd.StdinPipe() // Open until the parent has ended.
					must(t, err)
					out, err := cmd.StdoutPipe()
					must(t, err)
					must(t, cmd.Start())
					t.Cleanup(func() {
						_ = cmd.Process.Kill()
						_ = cmd.Wait()
					})
					line, err := bufio.NewReader(out).ReadString('\n')
					must(t, err)
					dir, addr, _ := strings.Cut(strings.TrimSpace(line), " ")
					list, err := engine.Descendants(cmd.Process.Pid)
					must(t, err)
					if len(list) < 3 { // The parent, the engine, the remover of its directory.
						t.Errorf("only %d processes", len(list))
					}
					must(t, cmd.Process.Kill())
					_ = cmd.Wait() // By the kill.
					testkit.Eventually(t, patience, func() error {
						if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
							return fmt.Errorf("directory %s is left (%w)", dir, err)
						}
						return gone(addr, list)
					}, "nothing is left")
				})
			}
		})
	}
}

// TestAnEngineOutlivesTheThreadThatAskedForIt: Linux would end it with the
// thread that started it.
func TestAnEngineOutlivesTheThreadThatAskedForIt(t *testing.T) {
	k := kinds["Redis"]
	dir := t.TempDir()
	servers, failed := make(chan *engine.Server, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // And never unlocks: the thread ends with the goroutine.
		s, err := k.start(context.WithoutCancel(t.Context()), engine.Options{Dir: dir})
		failed <- err
		servers <- s
	}()
	must(t, <-failed)
	s := <-servers
	for range 100 { // The thread has ended somewhere in here.
		must(t, withoutThread(k.put, s.URL()))
	}
	must(t, s.Stop(t.Context()))
}

func withoutThread(put func(context.Context, string, string) error, url string) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- put(context.Background(), url, "a value")
	}()
	return <-done
}

func TestATemporaryDirectoryGoes(t *testing.T) {
	dir, remove, err := engine.TempDir()
	must(t, err)
	must(t, os.WriteFile(dir+"/file", nil, 0o600))
	must(t, remove())
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is left: %v", err)
	}
}
