// Package drill makes an incident in a running shop, waits for the alert that
// tells of it, shows the panel and the trace where it is seen, heals, and waits
// until all is quiet again. Meanwhile it is a client of the shop, so that there is
// something to see, and no other family of alerts may fire.
package drill

import (
	"context"
	"slices"
	"time"

	"shop/kit/testkit/jaegerapi"
)

// Drill is one incident and what must come of it.
type Drill struct {
	Name    string
	Story   string // What happens.
	Fault   string // That the shop makes, a name of package control; "" = the clients alone do it.
	Alert   Expected
	Panel   Panel
	Clients func(ctx context.Context, c *clients) error // Until ctx ends; nil = none.
	Least   time.Duration                               // How long it lasts at least, so that clients notice.
	// Trace is what the incident looks like in one request; nil = no request
	// notices it.
	Trace *Trace
}

// Expected is the alert that must fire and clear, and the family of which others
// may fire beside it.
type Expected struct {
	Name, Family string
	Labels       map[string]string // Further labels.
	// Within is how long the rules may take, in their own time.
	Within time.Duration
}

// Panel is where on a dashboard the incident shows.
type Panel struct{ Dashboard, Title string }

// Path returns the path of the panel's dashboard in Grafana.
func (p Panel) Path() string { return "/d/" + p.Dashboard }

// Trace says how to find a trace of the incident.
type Trace struct {
	Service string // That has a span in it.
	Shows   string // What is seen there.
	Match   func(jaegerapi.Trace) bool
}

// Names returns the names of all drills, in their order.
func Names() []string {
	var names []string
	for _, d := range All() {
		names = append(names, d.Name)
	}
	return names
}

// Find returns the drill of that name.
func Find(name string) (Drill, bool) {
	all := All()
	n := slices.IndexFunc(all, func(d Drill) bool { return d.Name == name })
	if n < 0 {
		return Drill{}, false
	}
	return all[n], true
}
