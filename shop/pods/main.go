//go:build linux || darwin

package pods

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/caarlos0/env/v11"

	"shop/kit/service"
	"shop/mesh/agent"
	"shop/mesh/policy"
	"shop/mesh/render"
	"shop/notification"
	"shop/order"
	"shop/product"
	"shop/shop/local"
	"shop/user"
)

// startTime is how long an Envoy may take to be ready, with nine processes more
// that start at the same time.
const startTime = time.Minute

// closing is how long the edge says "connection: close" with every answer before it
// takes nobody new.
const closing = 500 * time.Millisecond

// Main is a pod: the agent of the manifest's workload, with its Envoy and behind
// that its service. It returns the exit code of what ended.
func Main(ctx context.Context, file string) (code int, err error) {
	m, err := readManifest(file)
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w (its log is %s)", m.Workload, err, filepath.Join(filepath.Dir(file), logFile))
			tell(reported{Error: err.Error()})
		}
	}()
	if err != nil {
		return 0, err
	}
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	o := agent.Options{
		Workload: m.Workload, Certs: m.Place.Certs, Config: m.Place.Config, Admin: m.Place.Admin, Envoy: m.Envoy,
		Render: []string{program, Command, "render", file}, Inputs: m.Overlays,
		CertsTime: startTime, StartTime: startTime, StopTime: m.StopTime, // No time to drain: there is no other replica to turn to.
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("service", "mesh-agent", "workload", m.Workload),
	}
	if m.Workload == policy.EdgeName {
		o.DrainTime = closing
	} else {
		o.Command = []string{program, Command, "serve", file}
	}
	a, err := agent.New(o)
	if err != nil {
		return 0, err
	}
	stopTelling, err := serveFigures(ctx, m.Status, a.Status())
	if err != nil {
		return 0, err
	}
	defer stopTelling()
	if m.Workload == policy.EdgeName {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go tellWhenServing(ctx, a.Status())
	}
	// It lives long and does little: a small heap is worth a little more work.
	const percent = 20
	debug.SetGCPercent(percent)
	return a.Run(ctx)
}

// tellWhenServing tells the shop when an agent without a service is ready.
func tellWhenServing(ctx context.Context, status http.Handler) {
	const poll = 20 * time.Millisecond
	again := time.NewTicker(poll)
	defer again.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/readyz", nil)
		if err != nil {
			return
		}
		answer := code(http.StatusOK)
		if status.ServeHTTP(&answer, r); answer == http.StatusOK {
			tell(reported{Ready: true})
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// code is the status of an answer, whose rest nobody reads.
type code int

func (c *code) Header() http.Header { return http.Header{} }

func (c *code) Write(b []byte) (int, error) { return len(b), nil }

func (c *code) WriteHeader(status int) { *c = code(status) }

// Render writes the configuration of a pod's Envoy into dir.
func Render(file, dir string) error {
	m, err := readManifest(file)
	if err != nil {
		return err
	}
	p, err := readPolicy(m.Overlays)
	if err != nil {
		return err
	}
	files, err := render.Workload(p, m.Workload, m.Place)
	if err != nil {
		return err
	}
	_, err = files.Write(dir)
	return err
}

// Serve is the service of a pod, until ctx ends. Its settings are the environment.
func Serve(ctx context.Context, file string) error {
	m, err := readManifest(file)
	if err != nil {
		return err
	}
	switch m.Workload {
	case "user":
		err = serve(ctx, m, user.Spec())
	case "product":
		err = serve(ctx, m, product.Spec())
	case "order":
		err = serve(ctx, m, order.Spec())
	case "notification":
		err = serve(ctx, m, notification.Spec())
	default:
		err = fmt.Errorf("%s is no service", m.Workload)
	}
	r := reported{Done: true}
	if err != nil {
		r = reported{Error: err.Error()}
	}
	tell(r)
	return err
}

func serve[C service.Settings](ctx context.Context, m manifest, spec service.Spec[C]) error {
	service.SetMemory()
	cfg, err := load(spec, env.ToMap(os.Environ()))
	if err != nil {
		return err
	}
	i, err := spec.Build(ctx, cfg, service.Parts{LogWriter: os.Stdout})
	if err != nil {
		return err
	}
	return service.Run(ctx, func() {
		if m.Broker {
			local.AwaitBroker(ctx, i)
		}
		tell(reported{Ready: true})
	}, i)
}
