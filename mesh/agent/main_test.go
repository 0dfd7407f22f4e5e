package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shop/mesh/agent"
)

// role is how the first argument of the test binary begins when it is to be
// something else than tests.
const role = "role:"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], role) {
		play := map[string]func(args []string) int{
			"agent": playAgent, "service": playService, "stubborn": playStubborn, "renderer": playRenderer, "parent": playParent,
		}[strings.TrimPrefix(os.Args[1], role)]
		os.Exit(play(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// as returns the command that plays a role.
func as(name string, args ...string) []string {
	return append([]string{os.Args[0], role + name}, args...)
}

// played is what the agent's process is told.
type played struct {
	agent.Options
	Log     struct{} // Not told: it is standard error.
	Metrics string   // Address of its Status; "" = none.
}

// playAgent is a process with an agent and nothing else.
func playAgent(args []string) int {
	var told played
	if err := json.Unmarshal([]byte(args[0]), &told); err != nil {
		return fail(err)
	}
	o := told.Options
	o.Log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	a, err := agent.New(o)
	if err != nil {
		return fail(err)
	}
	if told.Metrics != "" {
		l, err := net.Listen("tcp", told.Metrics)
		if err != nil {
			return fail(err)
		}
		go func() { _ = http.Serve(l, a.Status()) }()
	}
	code, err := a.Run(context.Background())
	if err != nil {
		return fail(err)
	}
	return code
}

// playService is an application on the address that is its first argument. It
// tells of its life, and whether the Envoy of the second one runs then. It
// ends by SIGTERM with the exit code of the third, or by a request for /exit.
func playService(args []string) int {
	tell := func(what string) {
		network := "tcp"
		if strings.HasPrefix(args[1], "/") {
			network = "unix"
		}
		conn, err := net.Dial(network, args[1])
		if err == nil {
			_ = conn.Close()
		}
		fmt.Fprintln(os.Stderr, "service:", what, "envoy:", err == nil)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "application") })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(500 * time.Millisecond):
			fmt.Fprint(w, "at last")
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return fail(err)
	}
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	tell("started")
	for s := range signals {
		tell(s.String())
		if s == syscall.SIGTERM {
			break
		}
	}
	if err := server.Shutdown(context.Background()); err != nil {
		return fail(err)
	}
	code := 0
	_, _ = fmt.Sscan(args[2], &code)
	return code
}

// playStubborn does not end by SIGTERM.
func playStubborn([]string) int {
	signal.Ignore(syscall.SIGTERM)
	fmt.Fprintln(os.Stderr, "service: started")
	select {}
}

// playParent is a service that leaves a child behind, which ends a little later.
func playParent(args []string) int {
	cmd := exec.Command("sh", "-c", "(sleep 0.2) & exit 0")
	if err := cmd.Run(); err != nil {
		return fail(err)
	}
	return playService(args)
}

// playRenderer copies the files of a directory; where one is called fault, its
// content is what is wrong.
func playRenderer(args []string) int {
	from, to := args[0], args[1]
	if fault, err := os.ReadFile(filepath.Join(from, "fault")); err == nil && len(fault) > 0 {
		fmt.Fprintln(os.Stderr, string(fault))
		return 1
	}
	files, err := filepath.Glob(filepath.Join(from, "*.yaml"))
	for _, path := range files {
		content, failed := os.ReadFile(path)
		err = errors.Join(err, failed, os.WriteFile(filepath.Join(to, filepath.Base(path)), content, 0o600))
	}
	if err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "mesh:", err)
	return 1
}
