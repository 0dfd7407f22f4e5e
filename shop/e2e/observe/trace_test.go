//go:build linux

package observe

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/testkit/jaegerapi"
)

// whole returns the trace of that id when it looks as wanted: one root, nothing
// without its parent, and only attributes that are pinned.
func (s *shop) whole(t *testing.T, id, want string) jaegerapi.Trace {
	t.Helper()
	var found jaegerapi.Trace
	testkit.Eventually(t, traceTime, func() (err error) {
		if found, err = s.traces.Trace(t.Context(), id); err != nil {
			return err
		}
		if got := tree(found); got != strings.TrimLeft(want, "\n") {
			return fmt.Errorf("it is\n%s", got)
		}
		return nil
	}, "the trace", id)
	if roots, orphans := found.Roots(), found.Orphans(); len(roots) != 1 || len(orphans) != 0 {
		t.Errorf("%d roots and %d orphans", len(roots), len(orphans))
	}
	for _, span := range found.Spans {
		for name := range span.Attributes {
			if name != "@jaeger@warnings" && !pinned[name] { // Jaeger's own, about clocks.
				t.Errorf("%s %s: has %s, which no convention that we follow names", span.Service, span.Name, name)
			}
		}
	}
	return found
}

// only wants these to be all traces that have begun since then.
func (s *shop) only(t *testing.T, since time.Time, ids ...string) {
	t.Helper()
	slices.Sort(ids)
	if got := s.since(t, since); !slices.Equal(got, ids) {
		t.Errorf("the traces since then are %v, want %v", got, ids)
	}
}

// traceTime is how long a trace may take to be whole: Envoy sends its spans every
// five seconds.
const traceTime = 40 * time.Second

// since returns the ids of all traces that have begun since then.
func (s *shop) since(t *testing.T, begin time.Time) []string {
	t.Helper()
	services, err := s.traces.Services(t.Context())
	ids := map[string]bool{}
	for _, service := range services {
		found, failed := s.traces.Find(t.Context(), jaegerapi.Query{Service: service, From: begin, To: time.Now().Add(time.Minute)})
		err = errors.Join(err, failed)
		for _, trace := range found {
			ids[trace.ID] = true
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(ids))
}

// tree is a trace as text: each span with its service, name and kind below its
// parent, and those of one parent by these.
func tree(trace jaegerapi.Trace) string {
	var below func(parents []jaegerapi.Span, indent string) []string
	below = func(spans []jaegerapi.Span, indent string) []string {
		var blocks []string
		for _, span := range spans {
			text := fmt.Sprintf("%s%s: %s %s", indent, span.Service, span.Name, span.Kind)
			for _, e := range span.Events {
				text += " +" + e.Name
			}
			if len(span.Links) > 0 {
				text += " linked"
			}
			if span.Failed {
				text += " failed"
			}
			blocks = append(blocks, text+"\n"+strings.Join(below(trace.Children(span.ID), indent+"  "), ""))
		}
		slices.Sort(blocks)
		return blocks
	}
	return strings.Join(append(below(trace.Roots(), ""), below(trace.Orphans(), "orphan ")...), "")
}

// pinned are the names that attributes of spans may have: those of OpenTelemetry's
// semantic conventions 1.43, Envoy's own, and ours.
var pinned = set(`
	http.request.method http.response.status_code http.route url.path url.scheme url.template
	server.address server.port error.type service.peer.name
	db.system.name db.namespace db.operation.name db.collection.name db.query.text db.operation.batch.size
	messaging.system messaging.operation.name messaging.operation.type messaging.destination.name
	messaging.message.id messaging.message.conversation_id messaging.rabbitmq.destination.routing_key

	component downstream_cluster error guid:x-request-id http.method http.protocol http.status_code http.url node_id
	peer.address request_size response_size response_flags retry.count upstream_address upstream_cluster
	upstream_cluster.name user_agent zone

	auth.outcome messaging.message.attempts messaging.message.type
	notification.channel notification.template order.id
`)

func set(text string) map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields(text) {
		names[name] = true
	}
	return names
}
