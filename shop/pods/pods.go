//go:build linux || darwin

// Package pods runs the whole shop on one machine as production does: each
// service is a process of its own behind its Envoy, one more Envoy is the edge in
// front of them, and an authority renews their certificates. Its parts are this
// program again, under a hidden command.
package pods

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"shop/kit/port"
	"shop/kit/service"
	"shop/mesh"
	"shop/mesh/ca"
	"shop/mesh/policy"
	"shop/mesh/render"
	"shop/shop/local"
	"shop/shop/operator"
	"shop/shop/rest"
)

// Options say where the shop lives.
type Options struct {
	local.Options          // Host is where the edge listens; BasePort is needed.
	Envoy         string   // Path of Envoy.
	Overlays      []string // Files that change the policy of the mesh.
	Output        *os.File // Where the services log to. Log is for the authority.
}

// Shop is a shop that is built: certificates and settings are there, nothing runs.
type Shop struct {
	o         Options
	dir       string // Of everything that the mesh needs.
	home      *local.Home
	policy    *policy.Policy
	places    map[string]render.Place
	settings  map[string]settings // By service.
	authority *ca.Authority
	statuses  map[string]string // Where the agents tell their figures, by workload.
	figures   figures           // Of the authority.
	running   running
}

// Build finds out whether the ports are free, makes what is missing in the data
// directory (files, secrets, certificates) and checks all settings. Errors are one
// line a fault; a PolicyError is the user's, config.Faults are wrong settings.
func Build(ctx context.Context, o Options) (*Shop, error) {
	if o.Host == "localhost" {
		o.Host = "127.0.0.1"
	}
	s := &Shop{o: o, dir: filepath.Join(o.Data, "mesh")}
	s.running = running{pods: map[string]*pod{}, away: map[string]chan struct{}{}, revived: make(chan revival), over: make(chan struct{})}
	if err := s.build(ctx); err != nil {
		return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Shop) build(ctx context.Context) (err error) {
	if s.policy, err = readPolicy(s.o.Overlays); err != nil {
		return err
	}
	if s.home, err = local.OpenHome(ctx, s.o.Options); err != nil {
		return err
	}
	// After the lock, for a shop that is ending still has its ports.
	if err := s.portsFree(ctx); err != nil {
		return err
	}
	if err := s.place(); err != nil {
		return err
	}
	if err := s.configure(); err != nil {
		return err
	}
	identities := make([]ca.Identity, 0, len(s.places))
	for _, workload := range s.policy.Workloads() {
		identities = append(identities, ca.Identity{Name: workload})
	}
	counted, err := ca.NewMetrics(s.figures.registry, identities)
	if err != nil {
		return err
	}
	s.authority, err = ca.New(ca.Options{
		Dir: s.certificates(), Identities: identities, Log: slog.New(slog.NewJSONHandler(s.log(), nil)).With("service", "mesh-ca"),
		Metrics: counted,
	})
	if err != nil {
		return err
	}
	return s.authority.Once(ctx)
}

// PolicyError says what is wrong with the policy of the mesh, all of it.
type PolicyError struct{ error }

func (e PolicyError) Unwrap() error { return e.error }

// readPolicy returns the policy of this repository with what overlays change.
func readPolicy(overlays []string) (*policy.Policy, error) {
	var sources []policy.Source
	for _, name := range overlays {
		text, err := os.ReadFile(name) //nolint:gosec // The operator's own file.
		if err != nil {
			return nil, PolicyError{err}
		}
		sources = append(sources, policy.Source{Name: name, Text: text})
	}
	p, err := policy.Parse(mesh.PolicyName, mesh.Policy, sources...)
	if err != nil {
		return nil, PolicyError{err}
	}
	return p, nil
}

// portsFree says which of the ports that people know are in use.
func (s *Shop) portsFree(ctx context.Context) error {
	var failed []error
	for n := range local.Names {
		for _, address := range []string{s.public(n), s.admin(n)} {
			l, err := service.Listen(ctx, address)
			if err == nil {
				err = l.Close()
			}
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// place gives everything its ports and directories.
func (s *Shop) place() (err error) {
	if s.places, err = render.Machine(s.policy, s.dir, port.Free); err != nil {
		return err
	}
	if err := s.placeFigures(); err != nil {
		return err
	}
	for workload, at := range s.places {
		at.Certs = filepath.Join(s.certificates(), workload)
		at.AccessLog = filepath.Join(s.dir, workload, "access.log")
		at.OTLP = collector(s.o.Environ)
		for n, name := range local.Names {
			if workload == policy.EdgeName {
				at.Public[name] = s.public(n)
			}
		}
		s.places[workload] = at
	}
	return nil
}

func (s *Shop) certificates() string { return filepath.Join(s.dir, "certs") }

func (s *Shop) log() io.Writer {
	if s.o.Log == nil {
		return io.Discard
	}
	return s.o.Log
}

func (s *Shop) public(n int) string { return net.JoinHostPort(s.o.Host, strconv.Itoa(s.o.BasePort+n)) }

func (s *Shop) admin(n int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.o.BasePort+operator.PortDistance+n))
}

// Close lets go of whatever Build has taken, of a shop that is not to Run.
func (s *Shop) Close(ctx context.Context) error {
	if s.home == nil {
		return nil
	}
	return s.home.Close(ctx)
}

// Public returns the edge's doors as a client of this machine reaches them.
func (s *Shop) Public() rest.Shop {
	host := s.o.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return rest.At(host, s.o.BasePort)
}

// Doors returns the services in the order of their ports.
func (s *Shop) Doors() []local.Door {
	var doors []local.Door
	for n, door := range s.Public().Doors() {
		doors = append(doors, local.Door{
			Name: door.Name, URL: door.Client.Base, AdminURL: "http://" + s.admin(n),
			Envoy: "http://" + s.places[door.Name].Stats + "/stats/prometheus",
		})
	}
	return doors
}

// Dir returns the directory of what the mesh needs.
func (s *Shop) Dir() string { return s.dir }

// Engines returns the engines that the shop uses; none without flags.
func (s *Shop) Engines() []local.Engine { return s.home.Engines() }

// EndedError says that a part of the shop has ended which nobody had asked to.
type EndedError struct {
	Pod  string
	Code int    // The exit code of what ended, 128 + the signal if one killed it.
	Why  string // What it said; "" = nothing.
	Log  string // The file that tells more.
}

func (e *EndedError) Error() string {
	if e.Why != "" {
		return e.Why
	}
	return fmt.Sprintf("%s ended by itself with exit code %d; see %s", e.Pod, e.Code, e.Log)
}

// ExitCode is what the whole shop ends with.
func (e *EndedError) ExitCode() int { return max(1, e.Code) }
