package policy

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	label      = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	headerName = regexp.MustCompile(`^[a-z0-9-]+\*?$`)
	beginning  = regexp.MustCompile(`^/[A-Za-z0-9._-]+$`)
)

// check notes what is wrong between values that are right by themselves.
func (d *decoder) check(p *Policy) {
	d.checkServices(p)
	d.checkCalls(p)
	d.checkEdge(p)
	u := p.Upstream
	if u.Backoff.Base > u.Backoff.Max {
		d.wrong("upstream.backoff.base", "must be at most max")
	}
	if u.Health.Timeout > u.Health.Interval {
		d.wrong("upstream.health.timeout", "must be at most interval")
	}
	if !u.Health.Path.Exact() {
		d.wrong("upstream.health.path", "must be one path")
	}
}

func (d *decoder) checkServices(p *Policy) {
	if len(p.Services) == 0 {
		d.wrong("services", "must not be empty")
	}
	identities := map[string]string{p.Edge.Identity: "edge.identity"}
	d.identity("edge.identity", p.Edge.Identity)
	// Two listeners of one Envoy, or of it and its application, can't share a port.
	inside, outside := map[int]string{p.Sidecar.Inbound: "sidecar.inbound"}, map[int]string{}
	if p.Sidecar.Inbound == p.Sidecar.Stats {
		d.wrong("sidecar.stats", "is the port of sidecar.inbound too")
	}
	inside[p.Sidecar.Stats], outside[p.Sidecar.Stats] = "sidecar.stats", "sidecar.stats"
	for _, name := range p.Names() {
		s, at := p.Services[name], "services."+name
		if !label.MatchString(name) || name == EdgeName {
			d.wrong(at, "is no name of a service: lower-case letters, digits and -, not "+EdgeName)
		}
		d.identity(at+".identity", s.Identity)
		once(d, identities, s.Identity, at+".identity", "the identity")
		once(d, inside, s.Port, at+".port", "the port")
		once(d, inside, s.Egress, at+".egress", "the port")
		once(d, outside, s.Public, at+".public", "the port")
	}
}

// once notes a value that somebody else has.
func once[K comparable](d *decoder, taken map[K]string, value K, at, what string) {
	if other, is := taken[value]; is {
		d.wrong(at, fmt.Sprintf("is %s of %s too", what, other))
		return
	}
	taken[value] = at
}

func (d *decoder) identity(at, id string) {
	if u, err := url.Parse(id); err != nil || u.Scheme != "spiffe" || u.Host == "" || len(u.Path) < 2 || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Port() != "" {
		d.wrong(at, "must be a SPIFFE id like spiffe://shop.local/ns/default/sa/user")
	}
}

func (d *decoder) checkCalls(p *Policy) {
	for caller, callees := range p.Calls {
		at := "calls." + caller
		if _, known := p.Services[caller]; !known {
			d.wrong(at, "is no service")
		}
		for callee, calls := range callees {
			at := at + "." + callee
			if _, known := p.Services[callee]; !known || callee == caller {
				d.wrong(at, "is no other service")
			}
			for route, call := range calls {
				d.checkCall(p, at+"."+route.String(), route, call)
			}
		}
	}
}

func (d *decoder) checkCall(p *Policy, at string, route Route, c Call) {
	if c.TryTimeout > c.Timeout {
		d.wrong(at+".try_timeout", "must be at most timeout")
	}
	if least := 2 * p.Sidecar.Inward; c.Timeout < least || c.TryTimeout != 0 && c.TryTimeout < least {
		d.wrong(at+".timeout", fmt.Sprintf("must be at least twice sidecar.inward, %s, also of one try", least))
	}
	d.checkRetry(at+".retry", c.Retry)
	for _, reason := range c.Retry.On {
		if reason != Connection && !c.Idempotent && !route.reads() {
			d.wrong(at+".retry.on", fmt.Sprintf("%s may do it twice; only what is idempotent: true allows that", reason))
		}
	}
}

func (d *decoder) checkRetry(at string, r Retry) {
	switch {
	case r.Retries > 0 && len(r.On) == 0:
		d.wrong(at+".on", "must say on what")
	case r.Retries == 0 && len(r.On) > 0:
		d.wrong(at+".retries", "must be at least 1 where on says on what")
	}
}

func (d *decoder) checkEdge(p *Policy) {
	e := p.Edge
	for i, path := range e.Refuse {
		if !beginning.MatchString(path) {
			d.wrong(fmt.Sprintf("edge.refuse[%d]", i), "must be the first part of a path, like /internal")
		}
	}
	for i, name := range e.Strip {
		if !headerName.MatchString(name) {
			d.wrong(fmt.Sprintf("edge.strip[%d]", i), "must be a header in lower case, or its beginning with a *")
		}
	}
	if e.TrustedHops > 0 && slices.Contains(e.Strip, "x-forwarded-for") {
		d.wrong("edge.trusted_hops", "needs x-forwarded-for, which edge.strip removes")
	}
	if e.Limits.HeaderBytes%KiB != 0 {
		d.wrong("edge.limits.header_bytes", "must be a whole number of KiB")
	}
	d.checkRetry("edge.retry.reads", e.Retry.Reads)
	d.checkRetry("edge.retry.rest", e.Retry.Rest)
	for _, reason := range e.Retry.Rest.On {
		if reason != Connection {
			d.wrong("edge.retry.rest.on", fmt.Sprintf("%s may do something twice; only reads allow that", reason))
		}
	}
	for set, headers := range map[string]map[string]string{"edge.headers": e.Headers, "edge.tls_headers": e.TLSHeaders} {
		for name, value := range headers {
			if !headerName.MatchString(name) || strings.HasSuffix(name, "*") || strings.ContainsAny(value, "\r\n\x00") {
				d.wrong(set+"."+name, "must be a header in lower case with a value of one line")
			}
		}
	}
	d.checkTimes(p)
}

// checkTimes notes timeouts of the edge that would cut each other off.
func (d *decoder) checkTimes(p *Policy) {
	longest := p.Edge.Rest.Timeout
	for service := range p.Edge.Routes {
		if _, known := p.Services[service]; !known {
			d.wrong("edge.routes."+service, "is no service")
			continue
		}
		for path, public := range p.Public(service) {
			longest = max(longest, public.Timeout)
			d.inward(p, "edge.routes."+service+"."+string(path)+".timeout", public.Timeout)
		}
	}
	d.inward(p, "edge.rest.timeout", p.Edge.Rest.Timeout)
	if p.Edge.Timeouts.Stream <= longest {
		d.wrong("edge.timeouts.stream", fmt.Sprintf("must be above the longest timeout of a route, %s", longest))
	}
}

func (d *decoder) inward(p *Policy, at string, timeout time.Duration) {
	if least := 2 * p.Sidecar.Inward; timeout < least {
		d.wrong(at, fmt.Sprintf("must be at least twice sidecar.inward, %s", least))
	}
}
