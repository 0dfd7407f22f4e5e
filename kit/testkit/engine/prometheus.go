package engine

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// StartPrometheus starts Prometheus with the configuration in the file config,
// with exemplars, and returns when it is ready. A SIGHUP, or POST /-/reload, makes
// it read the file again.
func StartPrometheus(ctx context.Context, o Options, config string) (*Server, error) {
	o, err := prepare(o)
	if err != nil {
		return nil, err
	}
	path, err := program("prometheus", "prometheus")
	if err != nil {
		return nil, err
	}
	config, err = filepath.Abs(config)
	if err != nil {
		return nil, err
	}
	commands := func(port int) ([]command, error) {
		args := []string{
			"--config.file=" + config,
			"--storage.tsdb.path=" + filepath.Join(o.Dir, "data"),
			"--web.listen-address=" + net.JoinHostPort(host, strconv.Itoa(port)),
			"--web.enable-lifecycle",
			"--enable-feature=exemplar-storage",
			"--log.level=warn",
		}
		return []command{{path: path, args: args, env: []string{"PATH=" + os.Getenv("PATH")}, dir: o.Dir, orphan: syscall.SIGKILL}}, nil
	}
	address := func(port int) string { return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) }
	ask := func(ctx context.Context, url string) error { return askHTTP(ctx, url+"/-/ready") }
	return open(ctx, o, design{name: "Prometheus", commands: commands, url: address, ask: ask, stop: syscall.SIGTERM})
}
