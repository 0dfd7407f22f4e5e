package jaegerapi

import (
	"slices"
	"time"
)

// Trace is all that Jaeger knows of one trace.
type Trace struct {
	ID    string // 32 hexadecimal digits.
	Spans []Span // By their start.
}

// Span is one span of a trace.
type Span struct {
	TraceID, ID string
	Parent      string // "" = it is a root.
	Name        string
	Kind        string // INTERNAL, SERVER, CLIENT, PRODUCER or CONSUMER.
	Service     string // service.name of its resource.
	Start, End  time.Time
	Failed      bool              // Its status is an error.
	Message     string            // Of its status.
	Attributes  map[string]string // Values as text.
	Resource    map[string]string
	Events      []Event
	Links       []Link
}

// Event is something that happened in a span.
type Event struct {
	Name       string
	At         time.Time
	Attributes map[string]string
}

// Link is another span that a span belongs to, beyond its parent.
type Link struct{ TraceID, ID string }

// Roots returns the spans that name no parent.
func (t Trace) Roots() []Span { return t.Where(func(s Span) bool { return s.Parent == "" }) }

// Orphans returns the spans whose parent is not in the trace.
func (t Trace) Orphans() []Span {
	return t.Where(func(s Span) bool {
		_, there := t.Span(s.Parent)
		return s.Parent != "" && !there
	})
}

// Span returns the span of that id.
func (t Trace) Span(id string) (Span, bool) {
	n := slices.IndexFunc(t.Spans, func(s Span) bool { return s.ID == id })
	if n < 0 {
		return Span{}, false
	}
	return t.Spans[n], true
}

// Children returns the spans whose parent is the span of that id.
func (t Trace) Children(id string) []Span {
	return t.Where(func(s Span) bool { return s.Parent == id && id != "" })
}

// Where returns the spans that want is true for.
func (t Trace) Where(want func(Span) bool) []Span {
	var found []Span
	for _, s := range t.Spans {
		if want(s) {
			found = append(found, s)
		}
	}
	return found
}

// Services returns the names of the services that have a span in the trace,
// sorted.
func (t Trace) Services() []string {
	var names []string
	for _, s := range t.Spans {
		names = append(names, s.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
