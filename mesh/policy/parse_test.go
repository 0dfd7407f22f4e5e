package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shop/mesh"
	"shop/mesh/policy"
)

// changed returns mesh.yaml with one text in place of another, and the line on
// which that begins.
func changed(t *testing.T, old, text string) (src []byte, line int) {
	t.Helper()
	before, after, found := strings.Cut(string(mesh.Policy), old)
	if !found {
		t.Fatalf("mesh.yaml has no %q", old)
	}
	return []byte(before + text + after), strings.Count(before, "\n") + 1
}

func faultsOf(t *testing.T, err error) policy.Faults {
	t.Helper()
	var faults policy.Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("got %v, want faults", err)
	}
	return faults
}

func TestThePolicyOfThisRepositoryIsRight(t *testing.T) {
	p, err := policy.Parse(mesh.PolicyName, mesh.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Workloads(), []string{"notification", "order", "product", "user", "edge"}; !slices.Equal(got, want) {
		t.Errorf("workloads %v, want %v", got, want)
	}
	for _, name := range p.Names() {
		if got, want := p.Identity(name), "spiffe://shop.local/ns/default/sa/"+name; got != want {
			t.Errorf("identity %s, want %s", got, want)
		}
	}
	for workload, want := range map[string][]string{
		"user": nil, "product": {"order", "user"}, "order": {"product", "user"}, "notification": {"user"}, "edge": p.Names(),
	} {
		if got := p.Callees(workload); !slices.Equal(got, want) {
			t.Errorf("%s calls %v, want %v", workload, got, want)
		}
	}
	if got, want := p.Callers("user"), []string{"notification", "order", "product"}; !slices.Equal(got, want) {
		t.Errorf("user is called by %v, want %v", got, want)
	}
	rates := map[policy.Path]policy.Public{}
	for path, public := range p.Public("user") {
		rates[path] = public
	}
	for path, want := range map[policy.Path]policy.Public{
		"/login": {Timeout: 15 * time.Second, Rate: 60}, "/register": {Timeout: 15 * time.Second, Rate: 60},
		"/refresh": {Timeout: 5 * time.Second, Rate: 600}, "/validate-token": {Timeout: 5 * time.Second, Rate: 6000},
	} {
		if rates[path] != want {
			t.Errorf("%s: %v, want %v", path, rates[path], want)
		}
	}
	if p.Edge.Rest != (policy.Public{Timeout: 5 * time.Second, Rate: 60000}) {
		t.Errorf("the rest: %v", p.Edge.Rest)
	}
}

func TestFaultsHaveTheirLine(t *testing.T) {
	for name, tt := range map[string]struct {
		old, text string
		after     int    // Lines between where the change begins and the fault.
		want      string // Behind the line.
	}{
		"a port out of range":        {"port: 8001", "port: 80010", 0, "services.user.port: must be between 1 and 65535"},
		"a port that is no number":   {"port: 8001", "port: http", 0, "services.user.port: must be a whole number"},
		"a port that is a text":      {"port: 8001", `port: "8001"`, 0, "services.user.port: must be a whole number"},
		"an unknown key":             {"port: 8001", "port: 8001\n    prot: 1", 1, "services.user.prot: is unknown; known here: identity, port, egress, public"},
		"a key that is missing":      {"    public: 8001\n", "", -3, "services.user.public: is missing"},
		"a key twice":                {"port: 8001", "port: 8001\n    port: 8001", 1, "services.user.port: stands here twice"},
		"a port of two services":     {"port: 8002", "port: 8003", 0, "services.product.port: is the port of services.order.port too"},
		"an egress on another port":  {"egress: 18002", "egress: 8001", -6, "services.user.port: is the port of services.product.egress too"},
		"the mesh's port":            {"egress: 18002", "egress: 15006", 0, "services.product.egress: is the port of sidecar.inbound too"},
		"an identity of two":         {"sa/product", "sa/order", 0, "services.product.identity: is the identity of services.order.identity too"},
		"the edge's identity":        {"sa/product", "sa/edge", 0, "services.product.identity: is the identity of edge.identity too"},
		"no SPIFFE id":               {"spiffe://shop.local/ns/default/sa/product", "https://shop.local/product", 0, "services.product.identity: must be a SPIFFE id like spiffe://shop.local/ns/default/sa/user"},
		"a service called edge":      {"  notification:\n    identity", "  edge:\n    identity", 1, "services.edge: is no name of a service: lower-case letters, digits and -, not edge"},
		"a call of nobody":           {"    order:\n      POST", "    ordre:\n      POST", 1, "calls.product.ordre: is no other service"},
		"a call of oneself":          {"    order:\n      POST", "    product:\n      POST", 1, "calls.product.product: is no other service"},
		"a route without a method":   {"POST /internal/reservations:", "/internal/reservations:", 0, "calls.order.product./internal/reservations: must be a method and a path, like POST /orders/{id}"},
		"a pattern of no kind":       {"POST /internal/reservations:", "POST /internal/*:", 0, "calls.order.product.POST /internal/*: must be a method and a path, like POST /orders/{id}"},
		"a time without unit":        {"timeout: 1800ms", "timeout: 1800", 0, "calls.product.user.POST /validate-token.timeout: must be a time like 250ms or 5s"},
		"a try longer than all":      {"try_timeout: 600ms", "try_timeout: 6s", 0, "calls.product.user.POST /validate-token.try_timeout: must be at most timeout"},
		"an unknown reason":          {"[connection, gateway]", "[connection, 5xx]", 0, "calls.product.user.POST /validate-token.retry.on[1]: must be connection, reset or gateway"},
		"retries on nothing":         {"on: [connection, gateway]", "on: []", 0, "calls.product.user.POST /validate-token.retry.on: must say on what"},
		"reasons for no retry":       {"retries: 2, on: [connection, gateway]", "retries: 0, on: [connection]", 0, "calls.product.user.POST /validate-token.retry.retries: must be at least 1 where on says on what"},
		"a retry that is not safe":   {"        idempotent: true\n", "", 0, "calls.product.user.POST /validate-token.retry.on: gateway may do it twice; only what is idempotent: true allows that"},
		"the same at the edge":       {"rest: {retries: 2, on: [connection]}", "rest: {retries: 2, on: [reset]}", 0, "edge.retry.rest.on: reset may do something twice; only reads allow that"},
		"a size without unit":        {"body: 1MiB", "body: 1000000", 0, "edge.limits.body: must be a size like 16KiB or 1MiB"},
		"a size that is too large":   {"body: 1MiB", "body: 1GiB", 0, "edge.limits.body: must be between 1KiB and 64MiB"},
		"headers of part of a KiB":   {"header_bytes: 16KiB", "header_bytes: 16385B", 0, "edge.limits.header_bytes: must be a whole number of KiB"},
		"a header in capitals":       {"- x-user-id", "- X-User-Id", 0, "edge.strip[3]: must be a header in lower case, or its beginning with a *"},
		"a path refused with two":    {"[/internal, /metrics]", "[/internal/x, /metrics]", 0, "edge.refuse[0]: must be the first part of a path, like /internal"},
		"hops that are not heard":    {"trusted_hops: 0", "trusted_hops: 1", 0, "edge.trusted_hops: needs x-forwarded-for, which edge.strip removes"},
		"routes of nobody":           {"    user:\n      # A", "    usr:\n      # A", 2, "edge.routes.usr: is no service"},
		"a stream shorter than all":  {"stream: 20s", "stream: 15s", 0, "edge.timeouts.stream: must be above the longest timeout of a route, 15s"},
		"less time than one hop":     {"rest: {timeout: 5s", "rest: {timeout: 150ms", 0, "edge.rest.timeout: must be at least twice sidecar.inward, 200ms"},
		"a health check of patterns": {"path: /readyz", `path: "/{id}"`, 0, "upstream.health.path: must be one path"},
		"a health check without end": {"interval: 2s, timeout: 1s", "interval: 2s, timeout: 3s", 0, "upstream.health.timeout: must be at most interval"},
		"a wait that shrinks":        {"{base: 5ms, max: 50ms}", "{base: 500ms, max: 50ms}", 0, "upstream.backoff.base: must be at most max"},
		"a log of no kind":           {"\naccess_log: all", "\naccess_log: some", 1, "access_log: must be all, errors or none"},
		"a header of two lines":      {"x-frame-options: DENY", `x-frame-options: "a\nb"`, 0, "edge.headers.x-frame-options: must be a header in lower case with a value of one line"},
		"no mapping":                 {"tracing: {percent: 100}", "tracing: 100", 0, "tracing: must be a mapping"},
		"no list":                    {"refuse: [/internal, /metrics]", "refuse: /internal", 0, "edge.refuse: must be a list"},
		"nothing":                    {"percent: 100", "percent: ~", 0, "tracing.percent: must be a value"},
		"truth of another kind":      {"idempotent: true", "idempotent: 1", 0, "calls.product.user.POST /validate-token.idempotent: must be true or false"},
		"no YAML":                    {"tracing: {percent: 100}", "tracing: {percent: 100", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			src, line := changed(t, tt.old, tt.text)
			_, err := policy.Parse("mesh.yaml", src)
			faults := faultsOf(t, err)
			if tt.want == "" {
				if faults[0].Line == 0 || !strings.Contains(faults[0].Rule, "is no YAML: ") {
					t.Errorf("got %v", faults[0])
				}
				return
			}
			if want := fmt.Sprintf("mesh.yaml:%d: %s", line+tt.after, tt.want); !slices.ContainsFunc(faults, func(f policy.Fault) bool { return f.String() == want }) {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// TestEveryFaultIsToldAtOnce in the order of lines.
func TestEveryFaultIsToldAtOnce(t *testing.T) {
	src, _ := changed(t, "port: 8001", "port: 0")
	text := strings.Replace(string(src), "body: 1MiB", "body: much", 1)
	text = strings.Replace(text, "\naccess_log: all", "\nacess_log: all", 1)
	_, err := policy.Parse("mesh.yaml", []byte(text))
	faults := faultsOf(t, err)
	var got []string
	for i, f := range faults {
		got = append(got, f.Path)
		if i > 0 && faults[i-1].Line > f.Line {
			t.Errorf("line %d before %d", faults[i-1].Line, f.Line)
		}
	}
	if want := []string{"access_log", "services.user.port", "edge.limits.body", "acess_log"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFilesThatAreNoPolicy(t *testing.T) {
	for name, tt := range map[string]struct{ src, want string }{
		"empty":         {"", "p: is empty"},
		"a comment":     {"# nothing\n", "p: is empty"},
		"a list":        {"- a\n", "p:1: must be a mapping"},
		"two documents": {string(mesh.Policy) + "---\na: b\n", "p: must be one YAML document"},
		"too much": {"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", "p: has more than 100000 values"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := policy.Parse("p", []byte(tt.src)); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAnOverlayChangesWhatItNames(t *testing.T) {
	overlay := policy.Source{Name: "load.yaml", Text: []byte(`
edge:
  rest: {rate: 1000000}
  routes: {user: {/login: {rate: 100000}, /users/me: {rate: 7}}}
  refuse: [/secret]
calls: {order: {user: {POST /validate-token: {retry: {retries: 5}}}}}
access_log: none
`)}
	again := policy.Source{Name: "more.yaml", Text: []byte("edge: {rest: {rate: 5}}")}
	p, err := policy.Parse(mesh.PolicyName, mesh.Policy, overlay, again)
	if err != nil {
		t.Fatal(err)
	}
	rates := map[policy.Path]policy.Public{}
	for path, public := range p.Public("user") {
		rates[path] = public
	}
	if got := rates["/login"]; got != (policy.Public{Timeout: 15 * time.Second, Rate: 100000}) {
		t.Errorf("/login: %v", got)
	}
	if got := rates["/users/me"]; got != (policy.Public{Timeout: 5 * time.Second, Rate: 7}) {
		t.Errorf("/users/me: %v", got)
	}
	if got := rates["/register"].Rate; got != 60 {
		t.Errorf("/register: %d, want what it was", got)
	}
	call := p.Calls["order"]["user"][policy.Route{Method: "POST", Path: "/validate-token"}]
	if call.Retry.Retries != 5 || call.TryTimeout != 600*time.Millisecond || len(call.Retry.On) != 2 {
		t.Errorf("order's call: %+v", call)
	}
	if p.Edge.Rest.Rate != 5 || p.Edge.Rest.Timeout != 5*time.Second || p.AccessLog != policy.LogNone || !slices.Equal(p.Edge.Refuse, []string{"/secret"}) {
		t.Errorf("%+v %v", p.Edge.Rest, p.AccessLog)
	}
}

func TestAnOverlayAddsNothingOfWeight(t *testing.T) {
	_, err := policy.Parse(mesh.PolicyName, mesh.Policy,
		policy.Source{Name: "a.yaml", Text: []byte("services:\n  spy: {identity: spiffe://shop.local/x, port: 1, egress: 2, public: 3}\n")},
		policy.Source{Name: "b.yaml", Text: []byte("calls:\n  user:\n    product: {GET /products: {timeout: 1s}}\n  order:\n    notification: {}\n    user:\n      GET /users/me: {timeout: 1s}\n")},
		policy.Source{Name: "c.yaml", Text: []byte("[]\n")},
	)
	want := strings.Join([]string{
		"a.yaml:2: services.spy: is not in the policy; an overlay changes what is there",
		"b.yaml:2: calls.user: is not in the policy; an overlay changes what is there",
		"b.yaml:5: calls.order.notification: is not in the policy; an overlay changes what is there",
		"b.yaml:7: calls.order.user.GET /users/me: is not in the policy; an overlay changes what is there",
		"c.yaml:1: must be a mapping",
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestFaultsOfAnOverlayNameItsFile(t *testing.T) {
	_, err := policy.Parse(mesh.PolicyName, mesh.Policy, policy.Source{Name: "load.yaml", Text: []byte("edge:\n  rest: {rate: 0}\n  limits:\n    bdy: 1MiB\n")})
	const want = "load.yaml:2: edge.rest.rate: must be between 1 and 10000000\n" +
		"load.yaml:4: edge.limits.bdy: is unknown; known here: body, header_bytes, headers, connections, clients, heap"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestAPatternStandsForPartsOfAPath(t *testing.T) {
	for path, want := range map[policy.Path]string{
		"/login":                       "/login",
		"/internal/users/{id}/contact": "/internal/users/[A-Za-z0-9_-]+/contact",
		"/openapi.json":                `/openapi\.json`,
	} {
		if got := path.Pattern(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		if path.Exact() == strings.Contains(string(path), "{") {
			t.Errorf("%s: exact is %t", path, path.Exact())
		}
	}
}
