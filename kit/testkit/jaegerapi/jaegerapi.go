// Package jaegerapi asks a running Jaeger for traces (its API version 3), for
// tests and for drills.
package jaegerapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoTrace says that Jaeger has no such trace, or none of it yet.
var ErrNoTrace = errors.New("there is no such trace")

const (
	askTime   = 10 * time.Second
	maxAnswer = 64 << 20 // bytes
)

// Client asks one Jaeger. It is safe for use by several goroutines.
type Client struct {
	// URL is where Jaeger's pages and API are, without a slash at the end.
	URL string

	http http.Client
}

// New returns a client of the Jaeger at url.
func New(url string) *Client {
	return &Client{URL: strings.TrimSuffix(url, "/"), http: http.Client{Timeout: askTime}}
}

// Services returns the names of all services that have sent spans, sorted.
func (c *Client) Services(ctx context.Context) ([]string, error) {
	var answer struct {
		Services []string `json:"services"`
	}
	err := c.get(ctx, "/api/v3/services", &answer)
	slices.Sort(answer.Services)
	return answer.Services, err
}

// Trace returns the trace of that id (32 hexadecimal digits); ErrNoTrace if there
// is none.
func (c *Client) Trace(ctx context.Context, id string) (Trace, error) {
	traces, err := c.traces(ctx, "/api/v3/traces/"+url.PathEscape(id))
	if err != nil {
		return Trace{}, err
	}
	if len(traces) != 1 {
		return Trace{}, fmt.Errorf("%w: %s", ErrNoTrace, id)
	}
	return traces[0], nil
}

// Query says which traces to find.
type Query struct {
	Service     string // Of one of the spans. Required.
	Operation   string // Name of a span of that service; "" = any.
	From, To    time.Time
	MinDuration time.Duration // Of a span of that service.
	// Attributes that a span of that service has, with these values. Jaeger is not
	// asked for them: they are looked for in the traces that it answers with.
	Attributes map[string]string
	Limit      int // Of traces that Jaeger answers with; 0 = 100.
}

// values returns q as Jaeger wants it.
func (q Query) values() url.Values {
	limit := q.Limit
	if limit == 0 {
		limit = 100
	}
	to := q.To
	if to.IsZero() {
		to = time.Now()
	}
	from := q.From
	if from.IsZero() {
		from = to.Add(-time.Hour)
	}
	v := url.Values{
		"query.service_name":   {q.Service},
		"query.start_time_min": {from.UTC().Format(time.RFC3339Nano)},
		"query.start_time_max": {to.UTC().Format(time.RFC3339Nano)},
		"query.num_traces":     {strconv.Itoa(limit)}, // Without it the answer is 500.
	}
	if q.Operation != "" {
		v.Set("query.operation_name", q.Operation)
	}
	if q.MinDuration > 0 {
		v.Set("query.duration_min", q.MinDuration.String())
	}
	return v
}

// Find returns the traces that match q, in no order; none is no error.
func (c *Client) Find(ctx context.Context, q Query) ([]Trace, error) {
	traces, err := c.traces(ctx, "/api/v3/traces?"+q.values().Encode())
	if errors.Is(err, ErrNoTrace) {
		return nil, nil
	}
	return slices.DeleteFunc(traces, func(t Trace) bool { return !q.matches(t) }), err
}

// matches reports whether a span of t has the attributes of q.
func (q Query) matches(t Trace) bool {
	return len(q.Attributes) == 0 || slices.ContainsFunc(t.Spans, func(s Span) bool {
		if s.Service != q.Service {
			return false
		}
		for key, want := range q.Attributes {
			if got, has := s.Attributes[key]; !has || got != want {
				return false
			}
		}
		return true
	})
}

// traces returns the traces that path answers with.
func (c *Client) traces(ctx context.Context, path string) ([]Trace, error) {
	var answer struct {
		Result spansJSON `json:"result"`
	}
	if err := c.get(ctx, path, &answer); err != nil {
		return nil, err
	}
	spans, err := answer.Result.spans()
	if err != nil {
		return nil, err
	}
	byID := map[string]Trace{}
	for _, s := range spans {
		t := byID[s.TraceID]
		t.ID, t.Spans = s.TraceID, append(t.Spans, s)
		byID[s.TraceID] = t
	}
	for _, t := range byID {
		slices.SortFunc(t.Spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	}
	return slices.Collect(maps.Values(byID)), nil
}

func (c *Client) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask Jaeger: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("ask Jaeger: %w", err)
	}
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return ErrNoTrace
	default:
		return fmt.Errorf("ask Jaeger: %s: %s", answer.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("answer of Jaeger: %w", err)
	}
	return nil
}
