package engine

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"shop/kit/port"
)

// jaegerConfig keeps every trace, in memory.
//
//go:embed jaeger.yaml
var jaegerConfig []byte

// Jaeger is a running Jaeger. URL is that of its query API and its pages.
type Jaeger struct {
	*Server

	mu    sync.Mutex
	ports map[string]int // By the variable that tells Jaeger.
	first int            // Of the others; 0 = any.
}

// The environment variables by which Jaeger's configuration gets its addresses.
const (
	jaegerHost    = "JAEGER_HOST"       // Where everything listens.
	jaegerQuery   = "JAEGER_QUERY_PORT" // The API, HTTP.
	jaegerGRPC    = "JAEGER_QUERY_GRPC_PORT"
	jaegerOTLP    = "JAEGER_OTLP_GRPC_PORT"
	jaegerHTTP    = "JAEGER_OTLP_HTTP_PORT"
	jaegerHealth  = "JAEGER_HEALTH_PORT"
	jaegerMetrics = "JAEGER_METRICS_PORT"      // Its own figures.
	jaegerSpans   = "JAEGER_SPAN_METRICS_PORT" // Figures made from spans.
	jaegerData    = "JAEGER_DATA"              // Directory of its files.
)

// JaegerPath returns the path of Jaeger: what JAEGER in the environment names, else
// what PATH has, else the one in .cache/bin of the working directory or of one above
// it, where scripts/test.sh puts it.
func JaegerPath() (string, error) { return cached("jaeger", "JAEGER") }

// JaegerOptions say where a Jaeger lives and what it does.
type JaegerOptions struct {
	Options // Port is that of its query API.
	// OtherPorts is where it takes spans by gRPC, the first of six ports in a row; 0 =
	// free ones.
	OtherPorts int
	Config     []string // Files of its configuration, each over those before it; none = every trace is kept, in memory.
	Environ    []string // "NAME=value", for the configuration.
}

// StartJaeger starts Jaeger and returns when it is ready. Its configuration finds
// the addresses to use in the environment: JAEGER_HOST,
// JAEGER_{QUERY,QUERY_GRPC,OTLP_GRPC,OTLP_HTTP,HEALTH,METRICS,SPAN_METRICS}_PORT,
// and JAEGER_DATA, a directory in o.Dir.
func StartJaeger(ctx context.Context, o JaegerOptions) (*Jaeger, error) {
	var err error
	if o.Options, err = prepare(o.Options); err != nil {
		return nil, err
	}
	config := o.Config
	path, err := JaegerPath()
	if err != nil {
		return nil, err
	}
	if len(config) == 0 {
		file := filepath.Join(o.Dir, "jaeger.yaml")
		if err := os.WriteFile(file, jaegerConfig, 0o600); err != nil {
			return nil, fmt.Errorf("write the configuration of Jaeger: %w", err)
		}
		config = []string{file}
	}
	j := &Jaeger{ports: map[string]int{}, first: o.OtherPorts}
	commands := func(port int) ([]command, error) {
		env, err := j.environ(port)
		if err != nil {
			return nil, err
		}
		env = append(env, jaegerData+"="+filepath.Join(o.Dir, "data"))
		var args []string
		for _, file := range config {
			file, err := filepath.Abs(file)
			if err != nil {
				return nil, err
			}
			args = append(args, "--config", file)
		}
		return []command{{path: path, args: args, env: append(env, o.Environ...), dir: o.Dir, orphan: syscall.SIGKILL}}, nil
	}
	address := func(port int) string { return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) }
	j.Server, err = open(ctx, o.Options, design{name: "Jaeger", commands: commands, url: address, ask: j.ask, stop: syscall.SIGTERM})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// environ gives every port to Jaeger; those it had before, if it ran.
func (j *Jaeger) environ(query int) ([]string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		jaegerHost + "=" + host,
		jaegerQuery + "=" + strconv.Itoa(query),
	}
	for n, name := range []string{jaegerOTLP, jaegerHTTP, jaegerGRPC, jaegerHealth, jaegerMetrics, jaegerSpans} {
		switch {
		case j.first != 0:
			j.ports[name] = j.first + n
		case j.ports[name] == 0 || j.Server == nil && !port.IsFree(j.ports[name]):
			port, err := port.Free()
			if err != nil {
				return nil, err
			}
			j.ports[name] = port
		}
		env = append(env, name+"="+strconv.Itoa(j.ports[name]))
	}
	return env, nil
}

func (j *Jaeger) at(name string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return net.JoinHostPort(host, strconv.Itoa(j.ports[name]))
}

func (j *Jaeger) ask(ctx context.Context, _ string) error {
	return askHTTP(ctx, "http://"+j.at(jaegerHealth)+"/status")
}

// OTLP returns where Jaeger takes spans by gRPC, as OTEL_EXPORTER_OTLP_ENDPOINT
// wants it.
func (j *Jaeger) OTLP() string { return "http://" + j.at(jaegerOTLP) }

// OTLPHTTP returns where Jaeger takes spans by HTTP.
func (j *Jaeger) OTLPHTTP() string { return "http://" + j.at(jaegerHTTP) }

// MetricsAddr returns the host:port with Jaeger's own /metrics.
func (j *Jaeger) MetricsAddr() string { return j.at(jaegerMetrics) }

// SpanMetricsAddr returns the host:port whose /metrics is made from the spans of
// every trace, those that are not kept included. The configuration that is used
// without files has none.
func (j *Jaeger) SpanMetricsAddr() string { return j.at(jaegerSpans) }
