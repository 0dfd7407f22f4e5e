package redis_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	client "github.com/redis/go-redis/v9"

	"shop/kit/testkit"
)

// server is a redis-server of the test's own with settings that the engines of
// testkit don't have.
type server struct {
	addr string
	port string
	kill func()
}

// launch starts a redis-server on a free port with these settings, one a line,
// and kills it when the test ends. It returns when tell, a client of it, is
// answered.
func launch(t *testing.T, settings []string, o client.Options, arguments ...string) server {
	t.Helper()
	port := strconv.Itoa(testkit.FreePort(t))
	dir := t.TempDir()
	file := filepath.Join(dir, "redis.conf")
	all := append([]string{"bind 127.0.0.1", "port " + port, "dir " + dir, `save ""`}, settings...)
	for i, line := range all {
		all[i] = strings.ReplaceAll(line, "PORT", port)
	}
	if err := os.WriteFile(file, []byte(strings.Join(all, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Not t.Context: the process lives until the clean-ups that still talk to it are done.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	process := exec.CommandContext(ctx, "redis-server", append([]string{file}, arguments...)...)
	log := &testkit.Buffer{}
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = process.Wait() // It was killed.
		close(ended)
	}()
	s := server{addr: net.JoinHostPort("127.0.0.1", port), port: port, kill: func() { cancel(); <-ended }}
	t.Cleanup(s.kill)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.String())
		}
	})
	o.Addr = s.addr
	bare := client.NewClient(&o)
	t.Cleanup(func() { _ = bare.Close() })
	testkit.Eventually(t, patience, func() error { return bare.Ping(t.Context()).Err() }, "redis-server answers")
	return s
}
