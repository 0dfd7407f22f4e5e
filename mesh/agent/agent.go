// Package agent runs a service behind its Envoy: it waits for the certificates,
// has the configuration rendered, starts Envoy and then the service, keeps the
// configuration up to date, and on SIGTERM lets both end without losing a request.
// In a container that plays a pod it is process number 1. Without a service it is
// Envoy's alone, as in Kubernetes, where a sidecar is a container of its own.
//
// An Agent owns all children of its process: use it in a main that does nothing
// else.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Options say what an agent runs, and how long it waits for what.
type Options struct {
	Workload string   // Whose certificate must be in Certs; "" = anybody's.
	Certs    string   // Directory with the certificate of the workload; "" = none is needed.
	Public   string   // Directory with the certificate that clients of the edge see, tls.crt and tls.key; "" = none is needed.
	Config   string   // Directory that Envoy reads its files from, bootstrap.yaml first. Required.
	Render   []string // Command that writes those files into the directory named by its last argument, which is added; nil = they are there.
	Inputs   []string // Files that Render reads: when one changes it is run again.

	Envoy       string // Path of Envoy; see package shop/kit/envoy. Required.
	Admin       string // Envoy's own interface: host:port, or the path of its Unix socket. Required.
	Concurrency int    // Threads of Envoy that serve; 0 = 1.
	LogLevel    string // Of Envoy; "" = warning.

	Command []string // The service; nil = none.

	CertsTime time.Duration // How long the certificates may take to come.
	StartTime time.Duration // How long Envoy may take to be ready.
	DrainTime time.Duration // How long callers may take to turn to others; Envoy closes its listeners then. Whole seconds.
	StopTime  time.Duration // How long the service may take to end after that; without one, the requests that Envoy has taken.
	Poll      time.Duration // How often inputs and certificates are looked at; 0 = 2 s.

	Log *slog.Logger // Required.
}

// defaultPoll is how often inputs are looked at.
const defaultPoll = 2 * time.Second

// envoyTime is how long Envoy may take to end after SIGTERM: it does at once.
const envoyTime = 5 * time.Second

// Exit codes of an agent's own. Otherwise the code is that of the program that
// ended, 128 + the signal if one killed it.
const (
	exitFailed = 1
	signalled  = 128
)

// Agent runs one workload, once.
type Agent struct {
	o       Options
	family  *family
	admin   admin
	status  Status
	current *configuration
	signals *signals
}

// New checks o. The programs must be there, so that what is missing shows before
// anybody waits for anything.
func New(o Options) (*Agent, error) {
	var faults []error
	if o.Config == "" || o.Envoy == "" || o.Admin == "" {
		faults = append(faults, errors.New("an agent needs a directory for the configuration, an Envoy and the address of its own interface"))
	}
	if o.Concurrency == 0 {
		o.Concurrency = 1
	}
	if o.LogLevel == "" {
		o.LogLevel = "warning"
	}
	if o.Poll == 0 {
		o.Poll = defaultPoll
	}
	for _, command := range []*[]string{&o.Command, &o.Render} {
		if len(*command) == 0 {
			continue
		}
		path, err := exec.LookPath((*command)[0])
		if err != nil {
			faults = append(faults, fmt.Errorf("no program to run: %w", err))
			continue
		}
		*command = append([]string{path}, (*command)[1:]...)
	}
	for _, d := range []time.Duration{o.CertsTime, o.StartTime, o.DrainTime, o.StopTime, o.Poll} {
		if d < 0 {
			faults = append(faults, fmt.Errorf("a time can't be negative: %s", d))
		}
	}
	a := &Agent{o: o, admin: admin{address: o.Admin}}
	return a, errors.Join(faults...)
}

// Status tells what the agent does, now and when it changes.
func (a *Agent) Status() *Status { return &a.status }

// Run runs Envoy and the service until one of them ends or the process gets
// SIGTERM or SIGINT, and returns the exit code of the process. An error says why
// they could not be started; what happens later is logged.
func (a *Agent) Run(ctx context.Context) (code int, err error) {
	a.family, err = newFamily(&a.status)
	if err != nil {
		return exitFailed, err
	}
	stopping, taken := a.listen(ctx)
	defer taken.close()
	a.signals = taken
	envoy, service, err := a.start(stopping)
	if err != nil {
		a.end(service, 0)
		a.end(envoy, 0)
		if stopping.Err() != nil {
			a.o.Log.Info("stopped before the start was over", "error", err)
			return signalled + a.signals.number(), nil
		}
		return exitFailed, err
	}
	giveBack()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		a.watch(ctx)
	}()
	code = a.serve(envoy, service)
	cancel()
	<-watched
	return code, nil
}

// start starts everything in its order. What could be started is returned also
// beside an error.
func (a *Agent) start(ctx context.Context) (envoy, service *child, err error) {
	a.status.set(waiting)
	if err := a.awaitCertificates(ctx); err != nil {
		return nil, nil, err
	}
	a.status.set(rendering)
	a.current = newConfiguration(a)
	if err := a.current.first(ctx); err != nil {
		return nil, nil, err
	}
	a.status.set(starting)
	if envoy, err = a.startEnvoy(ctx); err != nil {
		return envoy, nil, err
	}
	if len(a.o.Command) > 0 {
		if service, err = a.family.start(process{name: "service", args: a.o.Command, stdin: os.Stdin, stdout: os.Stdout}); err != nil {
			return envoy, nil, fmt.Errorf("start the service: %w", err)
		}
		a.signals.to(service)
	}
	a.status.set(serving)
	a.o.Log.Info("serving", "envoy_pid", envoy.pid, "service_pid", service.number())
	return envoy, service, nil
}

// startEnvoy returns when Envoy is ready.
func (a *Agent) startEnvoy(ctx context.Context) (*child, error) {
	args := []string{
		a.o.Envoy, "--config-path", filepath.Join(a.o.Config, bootstrapFile),
		"--concurrency", fmt.Sprint(a.o.Concurrency), "--log-level", a.o.LogLevel,
		"--drain-time-s", fmt.Sprint(max(1, int(a.o.DrainTime.Seconds()))), "--drain-strategy", "immediate",
		"--disable-hot-restart", // Several Envoys may share a machine, and this one is never replaced by another.
	}
	envoy, err := a.family.start(process{name: "Envoy", args: args, stdout: os.Stdout})
	if err != nil {
		return nil, fmt.Errorf("start Envoy: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, a.o.StartTime, fmt.Errorf("not within %s", a.o.StartTime))
	defer cancel()
	err = a.admin.awaitReady(ctx, envoy.ended)
	switch {
	case envoy.hasEnded():
		return envoy, fmt.Errorf("start Envoy: it ended with %s before it was ready; its log says why", envoy.how())
	case err != nil:
		return envoy, fmt.Errorf("start Envoy: %w", err)
	}
	state, err := a.admin.updates(ctx)
	if err != nil {
		return envoy, fmt.Errorf("start Envoy: %w", err)
	}
	if state.refused > 0 {
		return envoy, errors.New("start Envoy: it refused a part of its configuration; its log says which and why")
	}
	return envoy, nil
}
