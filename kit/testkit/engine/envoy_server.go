package engine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// StartEnvoy starts Envoy with the configuration in the file bootstrap, which
// must put its own interface at admin (host:port, or the path of a Unix socket),
// and returns when it is ready. Port and Fast of o are not used, and the Server
// has no address of its own: URL returns admin.
func StartEnvoy(ctx context.Context, o Options, bootstrap, admin string) (*Server, error) {
	o, err := prepare(o)
	if err != nil {
		return nil, err
	}
	path, err := EnvoyPath()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: o.Dir, log: o.Log, design: design{
		name: "Envoy",
		commands: func(int) ([]command, error) {
			// Shared memory for hot restarts would be one for all Envoys of this machine.
			args := []string{"-c", bootstrap, "--concurrency", "1", "--log-level", "warning", "--disable-hot-restart", "--file-flush-interval-msec", "100"}
			return []command{{path: path, args: args, dir: o.Dir, orphan: syscall.SIGKILL}}, nil
		},
		url:  func(int) string { return admin },
		ask:  askEnvoy,
		stop: syscall.SIGTERM,
	}}
	return s, s.Start(ctx)
}

func askEnvoy(ctx context.Context, admin string) error {
	network := "tcp"
	if strings.HasPrefix(admin, "/") {
		network = "unix"
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, admin)
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://envoy/ready", nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answers %s", answer.Status)
	}
	return nil
}
