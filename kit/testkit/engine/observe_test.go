//go:build linux

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

// page returns what url answers.
func page(t *testing.T, url string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s", answer.Status)
	}
	return string(text), err
}

// shows waits until url shows a line that matches pattern.
func shows(t *testing.T, url, pattern string) {
	t.Helper()
	line := regexp.MustCompile("(?m)^" + pattern + "$")
	testkit.Eventually(t, patience, func() error {
		text, err := page(t, url)
		if err == nil && !line.MatchString(text) {
			err = fmt.Errorf("no line %s", pattern)
		}
		return err
	}, url)
}

func TestRabbitMQTellsItsFigures(t *testing.T) {
	s := started(t, kinds["RabbitMQ"], engine.Options{Metrics: true})
	must(t, kinds["RabbitMQ"].put(t.Context(), s.URL(), "a value"))
	onlyHere(t, s)
	shows(t, "http://"+s.MetricsAddr()+"/metrics", `rabbitmq_queue_messages_ready 1`)
	shows(t, "http://"+s.MetricsAddr()+"/metrics/detailed?family=queue_coarse_metrics", `rabbitmq_detailed_queue_messages_ready\{vhost="/",queue="kept"\} 1`)
	must(t, s.Kill())
	must(t, s.Start(t.Context()))
	shows(t, "http://"+s.MetricsAddr()+"/metrics", `rabbitmq_identity_info.*`) // At the same place.
}

func TestExporters(t *testing.T) {
	for name, c := range map[string]struct {
		start func(context.Context, engine.Options, string) (*engine.Server, error)
		up    string
	}{
		"Redis":      {engine.StartRedisExporter, "redis_up"},
		"PostgreSQL": {engine.StartPostgresExporter, "pg_up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := started(t, kinds[name], engine.Options{Fast: true})
			s, err := c.start(t.Context(), engine.Options{Dir: t.TempDir()}, asked.URL())
			must(t, err)
			t.Cleanup(func() { must(t, s.Kill()) })
			onlyHere(t, s)
			secret := password(t, asked.URL())
			for _, m := range members(t, s) {
				if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", m.Pid())); bytes.Contains(line, []byte(secret)) {
					t.Error("the password is in the arguments of a process")
				}
			}
			shows(t, s.URL()+"/metrics", c.up+" 1")
			must(t, asked.Kill())
			shows(t, s.URL()+"/metrics", c.up+" 0")
			must(t, asked.Start(t.Context()))
			shows(t, s.URL()+"/metrics", c.up+" 1")
			text, err := page(t, s.URL()+"/metrics")
			if must(t, err); strings.Contains(text, secret) {
				t.Error("the password is among the figures")
			}
			must(t, s.Stop(t.Context()))
		})
	}
}

// password returns the password in an address.
func password(t *testing.T, address string) string {
	t.Helper()
	_, after, _ := strings.Cut(address, "://")
	userinfo, _, ok := strings.Cut(after, "@")
	_, secret, hasPassword := strings.Cut(userinfo, ":")
	if !ok || !hasPassword {
		t.Fatal("the address has no password")
	}
	return secret
}

func TestPrometheusKeepsWhatItHasSeen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	must(t, os.WriteFile(file, []byte("global: {scrape_interval: 1s}\n"), 0o600))
	s, err := engine.StartPrometheus(t.Context(), engine.Options{Dir: dir}, file)
	must(t, err)
	t.Cleanup(func() { must(t, s.Kill()) })
	onlyHere(t, s)
	addr := s.Addr()
	must(t, s.Stop(t.Context()))
	must(t, s.Start(t.Context()))
	if s.Addr() != addr {
		t.Errorf("moved from %s to %s", addr, s.Addr())
	}
	must(t, os.WriteFile(file, []byte("global: {nonsense: 1}\n"), 0o600))
	must(t, s.Stop(t.Context()))
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "log")) {
		t.Errorf("error %v, want one that names the log", err)
	}
}

func TestJaegerIsHereAndComesBack(t *testing.T) {
	s, err := engine.StartJaeger(t.Context(), engine.JaegerOptions{Options: engine.Options{Dir: t.TempDir()}})
	must(t, err)
	t.Cleanup(func() { must(t, s.Kill()) })
	onlyHere(t, s.Server)
	query, otlp := s.URL(), s.OTLP()
	shows(t, "http://"+s.MetricsAddr()+"/metrics", `otelcol_process_uptime.*`)
	_, err = page(t, query+"/api/v3/services")
	must(t, err)
	list := members(t, s.Server)
	must(t, s.Kill())
	must(t, gone(s.Addr(), list))
	must(t, s.Start(t.Context()))
	if s.URL() != query || s.OTLP() != otlp {
		t.Errorf("moved from %s, %s to %s, %s", query, otlp, s.URL(), s.OTLP())
	}
	must(t, s.Stop(t.Context()))
}

func TestAJaegerThatIsNamed(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o700))
	t.Chdir(dir)
	t.Setenv("JAEGER", "./mine")
	if path, err := engine.JaegerPath(); err != nil || !filepath.IsAbs(path) || filepath.Base(path) != "mine" {
		t.Errorf("path %q, %v; want an absolute one", path, err)
	}
	t.Setenv("JAEGER", "./nobody's")
	if path, err := engine.JaegerPath(); err == nil || !strings.Contains(err.Error(), "JAEGER") {
		t.Errorf("path %q, %v; want an error that names the variable", path, err)
	}
}

func TestWhatLooksAtAShopIsNamedWhenItIsMissing(t *testing.T) {
	t.Setenv("JAEGER", "")
	t.Setenv("PATH", t.TempDir())
	t.Chdir(t.TempDir())
	o := engine.Options{Dir: t.TempDir()}
	for want, start := range map[string]func() error{
		"apt-get install prometheus-redis-exporter":    func() error { _, err := engine.StartRedisExporter(t.Context(), o, "redis://h"); return err },
		"apt-get install prometheus-postgres-exporter": func() error { _, err := engine.StartPostgresExporter(t.Context(), o, "postgresql://h"); return err },
		"apt-get install prometheus":                   func() error { _, err := engine.StartPrometheus(t.Context(), o, "x"); return err },
		"scripts/test.sh prerequisites":                func() error { _, err := engine.StartJaeger(t.Context(), engine.JaegerOptions{Options: o}); return err },
	} {
		if err := start(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one line with %s", err, want)
		}
	}
}
