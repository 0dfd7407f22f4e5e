package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"shop/kit/testkit/jaegerapi"
	"shop/kit/testkit/promapi"
	"shop/shop/control"
)

const (
	look = 500 * time.Millisecond // How often alerts and traces are looked for.
	// grace is what everything beside the rules may take: scrapes, health checks,
	// a broker that starts, a machine that is busy.
	grace = 2 * time.Minute
	// quietTime is how long alerts that fire before a drill may take to clear, in
	// the rules' time. What fires on after it is not the drill's.
	quietTime = 5 * time.Minute
	// traceTime is how long a trace may take to be found: Envoy sends spans every
	// 5 s, Jaeger decides 10 s later.
	traceTime = time.Minute
)

// Result is what came of a drill.
type Result struct {
	Name    string
	Alert   string
	Fired   time.Duration // After the incident began.
	Cleared time.Duration // After it was healed.
	Trace   string        // Its id; "" = none was to be found.
	Strange []string      // Alerts of other families.
}

// Range is a shop where drills are held.
type Range struct {
	dir        string
	about      control.About
	prometheus *promapi.Client
	jaeger     *jaegerapi.Client
	clients    *clients
	lasting    map[string]bool // Alerts that did not clear before an earlier drill: nobody waits for them again.
	out        io.Writer
}

// Open prepares drills in the shop on the data directory dir; out is told what
// happens. control.ErrNoShop means that there is none.
func Open(ctx context.Context, dir string, out io.Writer) (*Range, error) {
	about, err := control.Ask(ctx, dir)
	if err != nil {
		return nil, err
	}
	c, err := newClients(ctx, about.Host, about.BasePort)
	if err != nil {
		return nil, err
	}
	return &Range{
		dir: dir, about: about, prometheus: promapi.New(about.Prometheus), jaeger: jaegerapi.New(about.Jaeger), clients: c, out: out,
		lasting: map[string]bool{},
	}, nil
}

// Close takes back what Open has made.
func (r *Range) Close(ctx context.Context) error { return r.clients.leave(ctx) }

func (r *Range) say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// scaled returns how long d of the rules' time is here, with what everything else
// may take.
func (r *Range) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d)/r.about.Factor) + grace
}

// Run holds one drill. When ctx ends, the incident is healed before Run returns.
func (r *Range) Run(ctx context.Context, d Drill) (res Result, err error) {
	res = Result{Name: d.Name, Alert: d.Alert.Name}
	if d.Fault != "" && !slices.Contains(r.about.Faults, d.Fault) {
		return res, fmt.Errorf("drill %s: this shop can't make that; start it with --mesh --engines --observe", d.Name)
	}
	r.say("── %s: %s", d.Name, d.Story)
	w, err := r.quiet(ctx, d)
	if err != nil {
		return res, err
	}
	began := time.Now()
	stop, err := r.begin(ctx, d)
	if err != nil {
		return res, fmt.Errorf("drill %s: %w", d.Name, err)
	}
	happened := time.Now()
	alert, err := r.awaitAlert(ctx, d, w)
	res.Fired = time.Since(began)
	if err == nil {
		err = r.goOn(ctx, happened.Add(d.Least), w)
	}
	if err = errors.Join(err, stop()); err != nil {
		return res, fmt.Errorf("drill %s: %w", d.Name, err)
	}
	over := time.Now()
	r.say("   alert    %s (%s) after %s: %s", alert.Name(), alert.Labels["severity"], round(res.Fired), alert.Annotations["summary"])
	r.say("   panel    %q on %s; runbook %s", d.Panel.Title, d.Panel.Path(), alert.Annotations["runbook_url"])
	if res.Trace, err = r.trace(ctx, d, began, w); err != nil {
		return res, err
	}
	if err := r.awaitClear(ctx, d, w); err != nil {
		return res, fmt.Errorf("drill %s: %w", d.Name, err)
	}
	res.Cleared, res.Strange = time.Since(over), w.strange()
	r.say("   cleared  %s after it was healed", round(res.Cleared))
	if len(res.Strange) > 0 {
		return res, fmt.Errorf("drill %s: alerts of other families fired: %s", d.Name, strings.Join(res.Strange, ", "))
	}
	return res, nil
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// begin makes the incident and its clients; stop ends both.
func (r *Range) begin(ctx context.Context, d Drill) (stop func() error, err error) {
	working, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	if d.Fault == "" {
		go func() { ended <- d.Clients(working, r.clients) }()
		return func() error { cancel(); return <-ended }, nil
	}
	incident, err := control.Make(ctx, r.dir, d.Fault)
	if err != nil {
		cancel()
		return nil, err
	}
	go func() {
		if d.Clients == nil {
			ended <- nil
			return
		}
		ended <- d.Clients(working, r.clients)
	}()
	return func() error {
		cancel()
		return errors.Join(<-ended, incident.Heal())
	}, nil
}

// watch is what fired before a drill and during it.
type watch struct {
	before map[string]bool
	other  map[string]bool // Of other families than the drill's.
	family string
}

func (w *watch) strange() []string { return slices.Sorted(maps.Keys(w.other)) }

// key tells one alert from another.
func key(a promapi.Alert) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		if name != "alertname" && name != "family" && name != "severity" {
			parts = append(parts, name+"="+a.Labels[name])
		}
	}
	return a.Name() + "{" + strings.Join(parts, ",") + "} of family " + a.Labels["family"]
}

// note returns the alerts that fire, and remembers those that must not.
func (r *Range) note(ctx context.Context, w *watch) ([]promapi.Alert, error) {
	firing, err := r.prometheus.Firing(ctx)
	for _, a := range firing {
		if a.Labels["family"] != w.family && !w.before[key(a)] && !w.other[key(a)] {
			w.other[key(a)] = true
			r.say("   strange  %s: %s", key(a), a.Annotations["summary"])
		}
	}
	return firing, err
}

// is reports whether a is the alert that d waits for.
func (e Expected) is(a promapi.Alert) bool {
	for name, want := range e.Labels {
		if a.Labels[name] != want {
			return false
		}
	}
	return a.Name() == e.Name && a.Labels["family"] == e.Family
}

// await looks again and again until done says so.
func (r *Range) await(ctx context.Context, d time.Duration, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d, fmt.Errorf("%s: not within %s", what, round(d)))
	defer cancel()
	again := time.NewTicker(look)
	defer again.Stop()
	for {
		ok, err := done()
		if ok || err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-again.C:
		}
	}
}

// quiet waits until the drill's own alert does not fire, and for the others a
// while; those that fire on are not the drill's.
func (r *Range) quiet(ctx context.Context, d Drill) (*watch, error) {
	var firing []promapi.Alert
	err := r.await(ctx, r.scaled(quietTime)-grace, "no alert fires", func() (_ bool, err error) {
		firing, err = r.prometheus.Firing(ctx)
		return !slices.ContainsFunc(firing, func(a promapi.Alert) bool { return !r.lasting[key(a)] }), err
	})
	if err != nil && (ctx.Err() != nil || len(firing) == 0) {
		return nil, err
	}
	w := &watch{before: map[string]bool{}, other: map[string]bool{}, family: d.Alert.Family}
	for _, a := range firing {
		if d.Alert.is(a) {
			return nil, fmt.Errorf("drill %s: %s fires already", d.Name, a.Name())
		}
		w.before[key(a)], r.lasting[key(a)] = true, true
		r.say("   before   %s fires already", key(a))
	}
	return w, nil
}

func (r *Range) awaitAlert(ctx context.Context, d Drill, w *watch) (found promapi.Alert, err error) {
	err = r.await(ctx, r.scaled(d.Alert.Within), "alert "+d.Alert.Name, func() (bool, error) {
		firing, err := r.note(ctx, w)
		n := slices.IndexFunc(firing, d.Alert.is)
		if n >= 0 {
			found = firing[n]
		}
		return n >= 0, err
	})
	return found, err
}

func (r *Range) awaitClear(ctx context.Context, d Drill, w *watch) error {
	return r.await(ctx, r.scaled(d.Alert.Within), d.Alert.Name+" clears", func() (bool, error) {
		firing, err := r.note(ctx, w)
		return err == nil && !slices.ContainsFunc(firing, d.Alert.is), err
	})
}

// goOn waits until then.
func (r *Range) goOn(ctx context.Context, then time.Time, w *watch) error {
	return r.await(ctx, time.Until(then)+grace, "the incident lasts", func() (bool, error) {
		_, err := r.note(ctx, w)
		return !time.Now().Before(then), err
	})
}

// trace looks for a trace of the incident and returns its id.
func (r *Range) trace(ctx context.Context, d Drill, began time.Time, w *watch) (id string, err error) {
	if d.Trace == nil {
		r.say("   trace    none: no request notices it")
		return "", nil
	}
	err = r.await(ctx, traceTime, "a trace of the incident", func() (bool, error) {
		if _, err := r.note(ctx, w); err != nil {
			return false, err
		}
		const many = 500
		traces, err := r.jaeger.Find(ctx, jaegerapi.Query{Service: d.Trace.Service, From: began, Limit: many})
		n := slices.IndexFunc(traces, d.Trace.Match)
		if n >= 0 {
			id = traces[n].ID
			r.say("   trace    %s/trace/%s: %s (%d spans of %s)", r.about.Jaeger, id, d.Trace.Shows, len(traces[n].Spans), strings.Join(traces[n].Services(), ", "))
		}
		return n >= 0, err
	})
	if err != nil {
		return "", fmt.Errorf("drill %s: %w", d.Name, err)
	}
	return id, nil
}
