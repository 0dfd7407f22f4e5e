// Package observe runs what looks at a shop on this machine beside it: Prometheus
// with the alerts, Jaeger, the exporters of the engines, and a gateway that takes
// the short and push messages. The shop does not need any of it: what is missing
// or ends costs it nothing.
package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"shop/kit/testkit/engine"
	"shop/observability"
	"shop/observability/jaeger"
	"shop/shop/local"
)

// PortDistance is how far the ports of a stack are above the shop's.
const PortDistance = 2000

// Ports above that.
const (
	PrometheusPort = iota
	JaegerPort     // Its API and pages.
	OTLPPort       // Spans by gRPC; the next five are Jaeger's too.
)

// Ports above that, behind Jaeger's.
const (
	GatewayPort = OTLPPort + 6 + iota
	postgresPort
	redisPort

	// Ports is how many there are.
	Ports
)

// stopTime is how long a part may take to stop.
const stopTime = 10 * time.Second

// Options say where a stack lives.
type Options struct {
	Dir      string  // Its files. Required.
	BasePort int     // Of the shop. Required: addresses must be known before anything runs.
	Factor   float64 // All times of the rules are divided by it; 1 or more.
}

// Observed is what a stack looks at.
type Observed struct {
	Targets         []observability.Target
	Postgres, Redis *url.URL // nil = not used.
	RabbitMQ        string   // The host:port of its figures; "" = they are not known.
}

// Stack is what looks at a shop.
type Stack struct {
	o       Options
	gateway *Gateway
	jaeger  *engine.Jaeger
	servers []*engine.Server // In the order of their start.
}

// New returns a stack of which nothing runs.
func New(o Options) (*Stack, error) {
	if o.BasePort <= 0 {
		return nil, errors.New("what looks at a shop has ports beside the shop's: it needs a base port")
	}
	if o.Factor < 1 {
		return nil, fmt.Errorf("times can be divided by 1 or more, not by %v", o.Factor)
	}
	return &Stack{o: o}, nil
}

func (s *Stack) address(n int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.o.BasePort+PortDistance+n))
}

// Environ adds to the settings of a shop what lets it send its traces to the
// stack, and messages to the gateway. What environ says already holds.
func (s *Stack) Environ(environ map[string]string) {
	set := func(name, value string) {
		if environ[name] == "" && environ[name+"_FILE"] == "" {
			environ[name] = value
		}
	}
	if environ["OTEL_EXPORTER_OTLP_ENDPOINT"] == "" {
		set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+s.address(OTLPPort))
		set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
		set("OTEL_TRACES_EXPORTER", "otlp")
	}
	gateway := &Gateway{address: s.address(GatewayPort)}
	set("SMS_URL", gateway.SMS())
	set("PUSH_URL", gateway.Push())
}

// Start starts everything and returns when Prometheus and Jaeger are ready. If one
// part fails, nothing of it is left running; the error is one line that says what
// to install where a program is missing.
func (s *Stack) Start(ctx context.Context, of Observed) error {
	if err := s.start(ctx, of); err != nil {
		return errors.Join(fmt.Errorf("observe: %w", err), s.Stop(context.WithoutCancel(ctx)))
	}
	return nil
}

func (s *Stack) start(ctx context.Context, of Observed) (err error) {
	if err := os.MkdirAll(s.o.Dir, 0o700); err != nil {
		return err
	}
	if s.gateway, err = OpenGateway(ctx, s.address(GatewayPort)); err != nil {
		return err
	}
	if err := s.startJaeger(ctx); err != nil {
		return err
	}
	targets := append(of.Targets,
		observability.Target{Job: "jaeger", Service: "jaeger", URL: "http://" + s.jaeger.MetricsAddr() + "/metrics"},
		observability.Target{Job: "jaeger-spans", Service: "jaeger", URL: "http://" + s.jaeger.SpanMetricsAddr() + "/metrics"},
		observability.Target{Job: "prometheus", Service: "prometheus", URL: "http://" + s.address(PrometheusPort) + "/metrics"},
	)
	if of.RabbitMQ != "" {
		detailed := url.Values{"family": {"queue_coarse_metrics", "queue_consumer_count", "queue_metrics"}}
		targets = append(targets,
			observability.Target{Job: "rabbitmq", Service: "rabbitmq", URL: "http://" + of.RabbitMQ + "/metrics"},
			observability.Target{Job: "rabbitmq-queues", Service: "rabbitmq", URL: "http://" + of.RabbitMQ + "/metrics/detailed?" + detailed.Encode()},
		)
	}
	for _, e := range []struct {
		name  string
		of    *url.URL
		port  int
		start func(context.Context, engine.Options, string) (*engine.Server, error)
	}{
		{local.Postgres, of.Postgres, postgresPort, engine.StartPostgresExporter},
		{local.Redis, of.Redis, redisPort, engine.StartRedisExporter},
	} {
		if e.of == nil {
			continue
		}
		server, err := e.start(ctx, engine.Options{Dir: filepath.Join(s.o.Dir, e.name), Port: s.o.BasePort + PortDistance + e.port}, exported(e.of))
		if err != nil {
			return err
		}
		s.servers = append(s.servers, server)
		targets = append(targets, observability.Target{Job: e.name, Service: e.name, URL: server.URL() + "/metrics"})
	}
	return s.startPrometheus(ctx, targets)
}

// exported returns the address of an engine as its exporter wants it.
func exported(of *url.URL) string {
	at := *of
	if at.Scheme != "redis" && at.Scheme != "rediss" && at.Path == "" {
		at.Path = "/postgres"
	}
	return at.String()
}

func (s *Stack) startJaeger(ctx context.Context) (err error) {
	dir := filepath.Join(s.o.Dir, "jaeger")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	config, err := jaeger.Write(dir, jaeger.Memory)
	if err != nil {
		return err
	}
	s.jaeger, err = engine.StartJaeger(ctx, engine.JaegerOptions{
		Options:    engine.Options{Dir: dir, Port: s.o.BasePort + PortDistance + JaegerPort},
		OtherPorts: s.o.BasePort + PortDistance + OTLPPort, Config: config,
		Environ: []string{"JAEGER_PROMETHEUS=http://" + s.address(PrometheusPort)},
	})
	if err != nil {
		return err
	}
	s.servers = append(s.servers, s.jaeger.Server)
	return nil
}

func (s *Stack) startPrometheus(ctx context.Context, targets []observability.Target) error {
	dir := filepath.Join(s.o.Dir, "prometheus")
	rules := filepath.Join(dir, "rules")
	if err := errors.Join(os.RemoveAll(rules), os.MkdirAll(rules, 0o700)); err != nil {
		return err
	}
	if err := observability.WriteRules(rules, s.o.Factor); err != nil {
		return err
	}
	text, err := observability.ScrapeConfig(targets, filepath.Join(rules, "*.yml"), s.o.Factor)
	if err != nil {
		return err
	}
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return err
	}
	server, err := engine.StartPrometheus(ctx, engine.Options{Dir: dir, Port: s.o.BasePort + PortDistance + PrometheusPort}, config)
	if err != nil {
		return err
	}
	s.servers = append(s.servers, server)
	return nil
}

// Prometheus returns the URL of Prometheus.
func (s *Stack) Prometheus() string { return "http://" + s.address(PrometheusPort) }

// Jaeger returns the URL of Jaeger's API.
func (s *Stack) Jaeger() string { return "http://" + s.address(JaegerPort) }

// Gateway returns the gateway; it is there after Start.
func (s *Stack) Gateway() *Gateway { return s.gateway }

// Factor returns what all times of the rules are divided by.
func (s *Stack) Factor() float64 { return s.o.Factor }

// Stop ends everything, the last first.
func (s *Stack) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	var failed []error
	for n := len(s.servers) - 1; n >= 0; n-- {
		failed = append(failed, s.servers[n].Stop(ctx))
	}
	s.servers = nil
	if s.gateway != nil {
		failed = append(failed, s.gateway.Close())
	}
	return errors.Join(failed...)
}
