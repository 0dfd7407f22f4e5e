package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"shop/bench/bare"
	"shop/bench/load"
	"shop/kit/testkit/engine"
	"shop/mesh"
	"shop/mesh/ca"
	"shop/mesh/policy"
	"shop/mesh/render"
)

// meshStage is the hop from order to user: two sidecars under their agents, an
// application that answers at once, and a bare Envoy before the same application.
type meshStage struct {
	dir         string
	policy      *policy.Policy
	places      map[string]render.Place
	ports       int // The next one.
	application *process
	caller      *process // The agents.
	callee      *process
	bare        *process

	direct, hop, plain vegeta.Target // The same request by three ways.
}

// quiet is what the goals of the hop are without: a line and a span for each
// request cost more than the hop itself.
const quiet = "access_log: none\n"

// onMesh measures what a pair of sidecars costs.
func onMesh(ctx context.Context, o options) (err error) {
	dir, remove, err := engine.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	s := &meshStage{dir: dir}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	r := newReport("one hop through two sidecars: mutual TLS, HTTP/2, no log, no trace", o)
	for _, measure := range []func(*report) error{s.measureDelay, s.measureCPU, s.measureMemory} {
		if err := measure(r); err != nil {
			return err
		}
	}
	r.print(
		"The application answers at once. Added: what the median answer at one connection takes longer than without the sidecars.",
		"Bare: an Envoy of the same version that passes on plain HTTP, each Envoy with one thread.",
	)
	return nil
}

func (s *meshStage) open(ctx context.Context) error {
	announce("sidecars")
	if err := build(ctx, s.dir, "./mesh/cmd/mesh", "./bench/reference"); err != nil {
		return err
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(s.dir, mesh.PolicyName), mesh.Policy, 0o600),
		os.WriteFile(filepath.Join(s.dir, "quiet.yaml"), []byte(quiet), 0o600),
	); err != nil {
		return err
	}
	var err error
	if s.policy, err = policy.Parse(mesh.PolicyName, mesh.Policy); err != nil {
		return err
	}
	const most = 40
	if s.ports, err = freePorts(most); err != nil {
		return err
	}
	if s.places, err = render.Machine(s.policy, s.dir, func() (int, error) { return s.port(), nil }); err != nil {
		return err
	}
	if err := errors.Join(s.certify(ctx), s.serve(ctx)); err != nil {
		return err
	}
	envoy, err := engine.EnvoyPath()
	if err != nil {
		return err
	}
	if s.callee, err = s.startAgent(ctx, envoy, "user"); err != nil {
		return err
	}
	if s.caller, err = s.startAgent(ctx, envoy, "order"); err != nil {
		return err
	}
	if err := s.startBare(ctx, envoy); err != nil {
		return err
	}
	const path = "/validate-token"
	at := func(hostPort string) vegeta.Target {
		t, _ := post("http://"+hostPort+path, "", map[string]string{"token": "a token"}) // A map of strings always marshals.
		return t
	}
	s.direct, s.hop = at(s.places["user"].App), at(s.places["order"].Egress["user"])
	s.plain.URL = "http://" + s.plain.URL + path
	s.plain.Method, s.plain.Header, s.plain.Body = s.direct.Method, s.direct.Header, s.direct.Body
	return nil
}

// certify gives the two workloads their certificates.
func (s *meshStage) certify(ctx context.Context) error {
	certs := filepath.Join(s.dir, "certificates")
	var identities []ca.Identity
	for _, workload := range []string{"user", "order"} {
		identities = append(identities, ca.Identity{Name: workload})
		at := s.places[workload]
		at.Certs = filepath.Join(certs, workload)
		s.places[workload] = at
	}
	authority, err := ca.New(ca.Options{Dir: certs, Identities: identities})
	if err != nil {
		return err
	}
	return authority.Once(ctx)
}

// serve starts the application where user's is.
func (s *meshStage) serve(ctx context.Context) (err error) {
	at := s.places["user"].App
	const answer = `{"valid":true,"username":"bench","user_id":1,"message":"Token is valid"}`
	s.application, err = s.start(ctx, "http://"+at, program{
		path: filepath.Join(s.dir, "reference"), args: []string{"--answer", answer, "--listen", at},
	})
	return err
}

// startAgent runs the sidecar of a workload until it is ready.
func (s *meshStage) startAgent(ctx context.Context, envoy, workload string) (*process, error) {
	place, err := json.Marshal(s.places[workload])
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.dir, workload+".json")
	if err := os.WriteFile(file, place, 0o600); err != nil {
		return nil, err
	}
	port := s.port()
	metrics := loopback(port)
	return s.start(ctx, "http://"+metrics+"/readyz", program{
		path: filepath.Join(s.dir, "mesh"), env: append(os.Environ(), "ENVOY="+envoy),
		args: []string{
			"agent", "--workload", workload, "--place", file, "--metrics", metrics, "--drain", "0s",
			"--policy", filepath.Join(s.dir, mesh.PolicyName), "--overlay", filepath.Join(s.dir, "quiet.yaml"),
		},
	})
}

func (s *meshStage) startBare(ctx context.Context, envoy string) error {
	admin, listen := s.port(), s.port()
	_, app, err := net.SplitHostPort(s.places["user"].App)
	if err != nil {
		return err
	}
	appPort, err := strconv.Atoi(app)
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "bare.yaml")
	if err := os.WriteFile(file, bare.EnvoyConfiguration(admin, listen, appPort), 0o600); err != nil {
		return err
	}
	s.plain.URL = loopback(listen)
	s.bare, err = s.start(ctx, "http://"+loopback(admin)+"/ready", program{
		path: envoy, args: []string{"-c", file, "--concurrency", "1", "--log-level", "warning", "--disable-hot-restart"},
	})
	return err
}

// start starts a program as start does. What it says is shown if it doesn't start.
func (s *meshStage) start(ctx context.Context, probe string, run program) (*process, error) {
	log, err := os.CreateTemp(s.dir, "log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	run.dir, run.log, run.warn = s.dir, log, log
	p, err := start(ctx, probe, run)
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		err = fmt.Errorf("%w\n%s", err, said)
	}
	return p, err
}

func (s *meshStage) close() {
	for _, p := range []*process{s.caller, s.callee, s.bare, s.application} {
		p.stop()
	}
}

// attackBy sends the request of one way.
func attackBy(t vegeta.Target, connections uint64, d time.Duration) (load.Result, error) {
	return load.Median([]load.Result{load.Attack(vegeta.NewStaticTargeter(t), connections, d)})
}

// measureDelay compares the hop with a direct call, one at a time, and with one
// bare Envoy, which tells what this machine takes to hand a request on.
func (s *meshStage) measureDelay(r *report) error {
	announce("what the hop adds")
	const goal = 500 * time.Microsecond
	var added, bareAdded []time.Duration
	for range r.rounds {
		var p50 [3]time.Duration
		for i, way := range []vegeta.Target{s.direct, s.hop, s.plain} {
			result, err := attackBy(way, 1, r.length)
			if err != nil {
				return fmt.Errorf("%s: %w", way.URL, err)
			}
			p50[i] = result.P50
		}
		added, bareAdded = append(added, p50[1]-p50[0]), append(bareAdded, p50[2]-p50[0])
	}
	hop, plain := median(added), median(bareAdded)
	r.figure("added to p50, one connection", fmt.Sprintf("%s (one bare Envoy: %s)", hop.Round(time.Microsecond), plain.Round(time.Microsecond)),
		"≤ "+goal.String(), hop <= goal)
	return nil
}

func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// measureCPU compares what each Envoy spends on a request with the bare one.
func (s *meshStage) measureCPU(r *report) error {
	announce("CPU of a request")
	const goal = 1.3
	names := []string{"caller's Envoy", "callee's Envoy"}
	spent := make([][]float64, len(names)) // By Envoy, over what the bare one spent in the same round.
	var bareSpent []float64
	for range r.rounds {
		plain, err := cpuOfRequests(s.plain, r.length, s.bare.cmd.Process.Pid)
		if err != nil {
			return err
		}
		var envoys []int
		for _, p := range []*process{s.caller, s.callee} {
			pid, err := child(p.cmd.Process.Pid)
			if err != nil {
				return err
			}
			envoys = append(envoys, pid)
		}
		hop, err := cpuOfRequests(s.hop, r.length, envoys...)
		if err != nil {
			return err
		}
		bareSpent = append(bareSpent, plain[0])
		for i, n := range hop {
			spent[i] = append(spent[i], n/plain[0])
		}
	}
	reference := median(bareSpent)
	for i, name := range names {
		ratio := median(spent[i])
		r.figure("CPU of a request, "+name, fmt.Sprintf("%.2f × bare (%.0f µs)", ratio, reference*1e6), fmt.Sprintf("≤ %g × bare", goal), ratio <= goal)
	}
	return nil
}

// cpuOfRequests returns the seconds of CPU that each process spends on a request.
func cpuOfRequests(t vegeta.Target, d time.Duration, pids ...int) ([]float64, error) {
	before, err := cpuOf(pids)
	if err != nil {
		return nil, err
	}
	result, err := attackBy(t, connections, d)
	if err != nil {
		return nil, err
	}
	after, err := cpuOf(pids)
	if err != nil {
		return nil, err
	}
	spent := make([]float64, len(pids))
	for i := range pids {
		spent[i] = (after[i] - before[i]).Seconds() / float64(result.Requests)
	}
	return spent, nil
}

func (s *meshStage) measureMemory(r *report) error {
	for i, p := range []*process{s.caller, s.callee} {
		name := [...]string{"caller", "callee"}[i]
		envoy, err := child(p.cmd.Process.Pid)
		if err != nil {
			return err
		}
		sidecar, err := resident(envoy)
		if err != nil {
			return err
		}
		agent, err := p.resident()
		if err != nil {
			return err
		}
		r.size("memory of the "+name+"'s Envoy", sidecar, 80*mebi)
		r.size("memory of the "+name+"'s agent", agent, 15*mebi)
	}
	return nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// port returns the next of the stage's ports.
func (s *meshStage) port() int {
	s.ports++
	return s.ports - 1
}
