//go:build linux

// Package observe proves what can be seen of a running shop from outside: each
// service a process behind its real Envoy, on a PostgreSQL, a Redis and a RabbitMQ
// of its own, all of them reporting to a real Jaeger and a real Prometheus.
package observe

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/kit/testkit/jaegerapi"
	"shop/kit/testkit/promapi"
	"shop/shop/operator"
	"shop/shop/rest"
)

// patience is how long anything may take before a test gives up; nothing waits that
// long where all is well.
const patience = 2 * time.Minute

// shop is a running shop and all that looks at it.
type shop struct {
	rest.Shop
	Operator operator.Admin

	pages  map[string]string // Where the figures of each part are.
	dir    string
	base   int
	cmd    *exec.Cmd
	out    *testkit.Buffer
	exited chan struct{}

	jaeger  *engine.Jaeger
	traces  *jaegerapi.Client
	metrics *promapi.Client

	stopLooking func() error // Ends the Prometheus.
	client      *http.Client // Of everybody who is outside.
	people      []person
	gateway     *testkit.Sink // Takes short messages and push messages.
	mail        *testkit.MailServer
}

func start(t *testing.T) *shop {
	t.Helper()
	s := &shop{dir: t.TempDir(), base: testkit.Ports(t, operator.PortDistance), out: &testkit.Buffer{}, exited: make(chan struct{})}
	s.jaeger, s.traces = testkit.Jaeger(t)
	s.gateway, s.mail = testkit.HTTPSink(t), testkit.SMTP(t)
	envoy, err := engine.EnvoyPath()
	if err != nil {
		t.Fatal(err)
	}
	s.client = &http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientAddress)}}).DialContext,
	}}
	s.cmd = exec.Command(program(t), "--mesh", "--engines", "--data", s.dir, "--base-port", strconv.Itoa(s.base))
	s.cmd.Env = append(os.Environ(),
		"ENVOY="+envoy, "BCRYPT_COST=4", "LOG_LEVEL=debug",
		"SMTP_HOST="+s.mail.Host, "SMTP_PORT="+strconv.Itoa(s.mail.Port), "SMTP_TLS=none", "SMTP_FROM=Shop <shop@example.com>",
		"SMS_URL="+s.gateway.URL+"/sms", "SMS_TOKEN="+smsToken, "PUSH_URL="+s.gateway.URL+"/push", "PUSH_TOKEN="+pushToken,
		"OTEL_EXPORTER_OTLP_ENDPOINT="+s.jaeger.OTLP(), "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_BSP_SCHEDULE_DELAY=200",
		"OTEL_EXPORTER_OTLP_TIMEOUT=1000", // So that a Jaeger that is back is found soon.
	)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = t.TempDir(), s.out, s.out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // The exit code is in ProcessState.
		close(s.exited)
	}()
	t.Cleanup(func() { s.stop(t) })
	s.Shop = rest.At("127.0.0.1", s.base)
	for _, door := range []*rest.Client{&s.User, &s.Product, &s.Order, &s.Notification} {
		door.HTTP = s.client
	}
	s.Operator = operator.At("127.0.0.1", s.base+operator.PortDistance)
	testkit.Eventually(t, patience, func() error {
		select {
		case <-s.exited:
			t.Fatalf("ended with code %d before it answered\n%s", s.cmd.ProcessState.ExitCode(), s.out.String())
		default:
		}
		a, err := s.Notification.Get(t.Context(), "/readyz")
		if err == nil && a.Status != http.StatusOK {
			err = fmt.Errorf("answered %d", a.Status)
		}
		if err == nil && !strings.Contains(s.out.String(), "Try it") {
			err = errSilent
		}
		return err
	}, "the shop answers")
	s.metrics, s.stopLooking = s.look(t)
	return s
}

var errSilent = errors.New("it has not said where it is")

// stop is Ctrl-C, once.
func (s *shop) stop(t *testing.T) {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGINT) // It may have ended.
	select {
	case <-s.exited:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		t.Errorf("did not end within %s", patience)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 || t.Failed() {
		t.Logf("the shop ended with code %d and said\n%s", code, s.out.String())
	}
}

// look starts a Prometheus that looks at every part of the shop.
func (s *shop) look(t *testing.T) (*promapi.Client, func() error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(s.scrapes(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := engine.StartPrometheus(t.Context(), engine.Options{Dir: dir}, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() }) // It may have been stopped.
	return promapi.New(server.URL()), server.Kill
}

// scrapes is the configuration of a Prometheus that looks at every part of the
// shop each second.
func (s *shop) scrapes(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n")
	job := func(name, metricsPath, params string, targets map[string]string) {
		fmt.Fprintf(&text, "- job_name: %s\n  metrics_path: %s\n%s  static_configs:\n", name, metricsPath, params)
		for _, service := range slices.Sorted(maps.Keys(targets)) {
			fmt.Fprintf(&text, "  - {targets: [%q], labels: {service: %s}}\n", targets[service], service)
		}
	}
	services, sidecars := map[string]string{}, map[string]string{}
	for n, door := range s.Doors() {
		services[door.Name] = "127.0.0.1:" + strconv.Itoa(s.base+operator.PortDistance+n)
		found := regexp.MustCompile(`(?m)^  ` + door.Name + ` .*sidecar http://(\S+)/stats/prometheus`).FindStringSubmatch(s.out.String())
		if found == nil {
			t.Fatalf("the shop does not say where the sidecar of %s is:\n%s", door.Name, s.out.String())
		}
		sidecars[door.Name] = found[1]
	}
	s.pages = map[string]string{}
	for service := range services {
		s.pages[service] = "http://" + services[service] + "/metrics"
		s.pages[service+"-sidecar"] = "http://" + sidecars[service] + "/stats/prometheus"
	}
	job("shop", "/metrics", "", services)
	job("envoy", "/stats/prometheus", "  params: {usedonly: ['']}\n", sidecars)
	return text.String()
}

// program builds the shop's command.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop")
	if out, err := exec.Command("go", "build", "-o", path, "shop/shop").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// clientAddress is where all clients are, and nobody else.
const clientAddress = "127.0.0.99"

// What the shop is told and must never show, made anew for each run.
var (
	smsToken  = "sms-" + unique()
	pushToken = "push-" + unique()
)

// unique returns a text that nothing else has.
func unique() string { return strings.ToLower(rand.Text()[:16]) }

// digits returns nine digits that nothing else has.
func digits() string {
	var b [9]byte
	_, _ = rand.Read(b[:]) // It never fails.
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b[:])
}
