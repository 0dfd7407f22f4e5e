package service_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/testkit"
)

// asService makes this test binary be the service's own: the command line is
// that of service.Main.
const asService = "KIT_TEST_AS_SERVICE"

func TestMain(m *testing.M) {
	switch os.Getenv(asService) {
	case "":
		os.Exit(m.Run())
	case "stuck":
		stuck := func(context.Context) error { select {} }
		os.Exit(service.Main(parrot{workers: []service.Worker{{Name: "stuck", Run: stuck}}}.spec()))
	default:
		os.Exit(service.Main(parrot{}.spec()))
	}
}

// execute runs a command line in a directory of its own.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err testkit.Buffer
	code = parrot{}.spec().Execute(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

func TestCommandLine(t *testing.T) {
	clean(t)
	t.Chdir(t.TempDir())
	for _, step := range []struct {
		args   string
		code   int
		stdout string // Contained.
		stderr string // Contained.
	}{
		{"--help", 0, "check-config", ""},
		{"--version", 0, "parrot version ", ""},
		{"check-config", 0, "PORT=0\n", ""},
		{"check-config", 0, "KEY=[masked]\n", ""},
		{"dance", 2, "", `parrot: unknown command "dance" for "parrot"; see parrot --help`},
		{"serve now", 2, "", "parrot: unknown command \"now\" for \"parrot serve\"; see parrot --help"},
		{"serve --loud", 2, "", "parrot: unknown flag: --loud; see parrot --help"},
		{"migrate", 2, "", "parrot: migrate needs one of up, down, to, history, current, adopt; see parrot --help"},
		{"migrate sideways", 2, "", `unknown command "sideways"`},
		{"migrate down x", 2, "", `parrot: "x" is no whole number from 0 on; see parrot --help`},
		{"migrate to", 2, "", "parrot: accepts 1 arg(s), received 0; see parrot --help"},
		{"migrate to 9", 1, "", "parrot: migrate to version 9: no such migration"},
		{"migrate adopt", 1, "", "parrot: the system before this one had no database for this service: there is nothing to adopt"},
		{"migrate adopt now", 2, "", `unknown command "now"`},
		{"migrate current", 0, "0\n", ""},
		{"migrate history", 0, "00002_t2.sql                             not applied\n", ""},
		{"migrate up", 0, "applied 00001_t1.sql (", ""},
		{"migrate up", 0, "nothing to do\n", ""},
		{"migrate current", 0, "2\n", ""},
		{"migrate history", 0, "00001_t1.sql                             20", ""},
		{"migrate down", 0, "took back 00002_t2.sql (", ""},
		{"migrate current", 0, "1\n", ""},
		{"migrate to 2", 0, "applied 00002_t2.sql (", ""},
		{"migrate to 0", 0, "took back 00001_t1.sql (", ""},
		{"tables", 0, "2\n", ""},
		{"migrate down 2", 0, "took back 00001_t1.sql (", ""},
	} {
		t.Run(step.args, func(t *testing.T) {
			code, stdout, stderr := execute(t, strings.Fields(step.args)...)
			if code != step.code || !strings.Contains(stdout, step.stdout) || !strings.Contains(stderr, step.stderr) {
				t.Errorf("exit %d\n%s%s\nwant exit %d\n%s%s", code, stdout, stderr, step.code, step.stdout, step.stderr)
			}
			if code != 0 && strings.Count(stderr, "\n") != 1 {
				t.Errorf("not one line: %q", stderr)
			}
		})
	}
}

func TestAWrongConfigurationIsToldWhole(t *testing.T) {
	clean(t)
	t.Chdir(t.TempDir())
	t.Setenv("PORT", "eighty")
	if err := os.WriteFile(".env", []byte("MAX_CONCURRENCY=0\nKEY=hunter2\nDATABASE_URL=mysql://root:hunter2@h/d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = `parrot: the configuration is wrong:
  PORT=eighty must be a whole number
  DATABASE_URL=mysql://root:[masked]@h/d must start with sqlite:/// or postgresql://
  MAX_CONCURRENCY=0 must be at least 1
`
	for _, command := range []string{"serve", "check-config", "health", "migrate up", "tables"} {
		t.Run(command, func(t *testing.T) {
			code, stdout, stderr := execute(t, strings.Fields(command)...)
			if code != 2 || stderr != want || stdout != "" {
				t.Errorf("exit %d\n%s%s\nwant exit 2\n%s", code, stdout, stderr, want)
			}
		})
	}
}

func TestWhatStopsTheStartIsOneLine(t *testing.T) {
	clean(t)
	t.Chdir(t.TempDir())
	taken, err := service.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ variable, value, want string }{
		"port in use":       {"PORT", strconv.Itoa(taken.Addr().(*net.TCPAddr).Port), taken.Addr().String() + " is in use"},
		"no data directory": {"DATABASE_URL", "sqlite:///./file/parrot.db", "file"},
		"unknown exporter":  {"OTEL_TRACES_EXPORTER", "pigeon", "OTEL_TRACES_EXPORTER"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ADMIN_PORT", strconv.Itoa(testkit.FreePort(t)))
			t.Setenv(tt.variable, tt.value)
			code, _, stderr := execute(t)
			if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "parrot: ") || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit %d, %q; want exit 1 and one line with %q", code, stderr, tt.want)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	clean(t)
	t.Chdir(t.TempDir())
	p := parrot{}
	i, stop := servicetest.Start(t, p.spec(), p.config(t), service.Parts{Tel: testkit.Telemetry(t).Telemetry})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(i.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PORT", port)
	t.Setenv("ADMIN_PORT", "1")
	t.Setenv("HOST", "0.0.0.0")
	if code, stdout, stderr := execute(t, "health"); code != 0 || stdout != "ready\n" {
		t.Errorf("ready: exit %d %s%s", code, stdout, stderr)
	}
	i.Service.Handler.Drain()
	if code, _, stderr := execute(t, "health"); code != 1 || !strings.Contains(stderr, "parrot: not ready: 503") {
		t.Errorf("draining: exit %d %s", code, stderr)
	}
	stop()
	if code, _, stderr := execute(t, "health"); code != 1 || !strings.Contains(stderr, "parrot: not reachable: ") {
		t.Errorf("stopped: exit %d %s", code, stderr)
	}
}

// process starts the service as a process of its own and waits until it is ready.
func process(t *testing.T, kind string) (p *exec.Cmd, ended func() (code int, stderr string)) {
	t.Helper()
	p = exec.CommandContext(t.Context(), os.Args[0])
	p.Dir = t.TempDir()
	p.Env = append(os.Environ(), asService+"="+kind, "PORT=0", "HOST=127.0.0.1",
		"DATABASE_URL=sqlite:///"+filepath.Join(p.Dir, "parrot.db"), "BUS_FILE="+filepath.Join(p.Dir, "bus.db"))
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr testkit.Buffer
	p.Stderr = &stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ready, read := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if strings.Contains(lines.Text(), `"msg":"ready"`) {
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-read:
		t.Fatalf("ended before it was ready: %s", stderr.String())
	}
	return p, func() (int, string) {
		<-read
		err := p.Wait()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return p.ProcessState.ExitCode(), stderr.String()
	}
}

func TestSignals(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(fmt.Sprint(signal), func(t *testing.T) {
			t.Parallel()
			p, ended := process(t, "well")
			if err := p.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if code, stderr := ended(); code != 0 || stderr != "" {
				t.Errorf("exit %d %s", code, stderr)
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		p, ended := process(t, "stuck")
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			if code, stderr := ended(); code != 130 {
				t.Errorf("exit %d %s", code, stderr)
			}
		}()
		// Signals that come too close together are one.
		testkit.Eventually(t, soon, func() bool {
			_ = p.Process.Signal(syscall.SIGTERM)
			select {
			case <-gone:
				return true
			default:
				return false
			}
		}, "the second signal ends it at once")
	})
}

func TestOTelFromDotenv(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("OTEL_KIT_A=file\nOTEL_KIT_B=file\nKIT_C=file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OTEL_KIT_A", "") // Restored, and so forgotten, after the test.
	t.Setenv("OTEL_KIT_B", "environment")
	if err := os.Unsetenv("OTEL_KIT_A"); err != nil {
		t.Fatal(err)
	}
	if err := service.OTelFromDotenv(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"OTEL_KIT_A": "file", "OTEL_KIT_B": "environment", "KIT_C": ""} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}
