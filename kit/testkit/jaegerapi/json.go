package jaegerapi

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// spansJSON is OTLP's TracesData as JSON, https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding:
// ids in hexadecimal, 64-bit numbers as text, enumerations as numbers.
type spansJSON struct {
	ResourceSpans []struct {
		Resource struct {
			Attributes attributesJSON `json:"attributes"`
		} `json:"resource"`
		ScopeSpans []struct {
			Spans []spanJSON `json:"spans"`
		} `json:"scopeSpans"`
	} `json:"resourceSpans"`
}

type spanJSON struct {
	TraceID      string         `json:"traceId"`
	SpanID       string         `json:"spanId"`
	ParentSpanID string         `json:"parentSpanId"`
	Name         string         `json:"name"`
	Kind         int            `json:"kind"`
	Start        nanosJSON      `json:"startTimeUnixNano"`
	End          nanosJSON      `json:"endTimeUnixNano"`
	Attributes   attributesJSON `json:"attributes"`
	Events       []struct {
		Name       string         `json:"name"`
		At         nanosJSON      `json:"timeUnixNano"`
		Attributes attributesJSON `json:"attributes"`
	} `json:"events"`
	Links []struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
	} `json:"links"`
	Status struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"status"`
}

// statusError is OTLP's STATUS_CODE_ERROR.
const statusError = 2

// kinds are OTLP's span kinds in the order of their numbers; what is unspecified is
// internal.
var kinds = []string{"INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"}

func (d spansJSON) spans() ([]Span, error) {
	var spans []Span
	for _, r := range d.ResourceSpans {
		resource := r.Resource.Attributes.texts()
		for _, scope := range r.ScopeSpans {
			for _, j := range scope.Spans {
				s, err := j.span()
				if err != nil {
					return nil, err
				}
				s.Service, s.Resource = resource["service.name"], resource
				spans = append(spans, s)
			}
		}
	}
	return spans, nil
}

func (j spanJSON) span() (Span, error) {
	if j.Kind < 0 || j.Kind >= len(kinds) {
		return Span{}, fmt.Errorf("answer of Jaeger: span %s is of kind %d", j.SpanID, j.Kind)
	}
	s := Span{
		TraceID: j.TraceID, ID: j.SpanID, Parent: j.ParentSpanID, Name: j.Name, Kind: kinds[j.Kind],
		Start: time.Time(j.Start), End: time.Time(j.End),
		Failed: j.Status.Code == statusError, Message: j.Status.Message, Attributes: j.Attributes.texts(),
	}
	for _, e := range j.Events {
		s.Events = append(s.Events, Event{Name: e.Name, At: time.Time(e.At), Attributes: e.Attributes.texts()})
	}
	for _, l := range j.Links {
		s.Links = append(s.Links, Link{TraceID: l.TraceID, ID: l.SpanID})
	}
	return s, nil
}

// nanosJSON is a time as nanoseconds since 1970.
type nanosJSON time.Time

// UnmarshalJSON reads a number that is written as text.
func (n *nanosJSON) UnmarshalJSON(text []byte) error {
	var number json.Number
	if err := json.Unmarshal(text, &number); err != nil {
		return err
	}
	nanos, err := number.Int64()
	*n = nanosJSON(time.Unix(0, nanos))
	return err
}

type attributesJSON []struct {
	Key   string    `json:"key"`
	Value valueJSON `json:"value"`
}

// texts returns the attributes with their values as text.
func (l attributesJSON) texts() map[string]string {
	texts := map[string]string{}
	for _, a := range l {
		texts[a.Key] = a.Value.text()
	}
	return texts
}

// valueJSON is one value; what is neither of these stays JSON.
type valueJSON struct {
	Text  *string          `json:"stringValue"`
	Int   *json.Number     `json:"intValue"`
	Bool  *bool            `json:"boolValue"`
	Float *float64         `json:"doubleValue"`
	Array *json.RawMessage `json:"arrayValue"`
}

func (v valueJSON) text() string {
	switch {
	case v.Text != nil:
		return *v.Text
	case v.Int != nil:
		return v.Int.String()
	case v.Bool != nil:
		return strconv.FormatBool(*v.Bool)
	case v.Float != nil:
		return strconv.FormatFloat(*v.Float, 'g', -1, 64)
	case v.Array != nil:
		return string(*v.Array)
	}
	return ""
}
