// Package promapi asks a running Prometheus, for tests and for drills.
package promapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	askTime   = 30 * time.Second
	maxAnswer = 64 << 20 // bytes
)

// Client asks one Prometheus. It is safe for use by several goroutines.
type Client struct {
	// URL is where Prometheus is, without a slash at the end.
	URL string

	http http.Client
}

// New returns a client of the Prometheus at url.
func New(url string) *Client {
	return &Client{URL: strings.TrimSuffix(url, "/"), http: http.Client{Timeout: askTime}}
}

// Sample is the value of one series at one time.
type Sample struct {
	Labels map[string]string // With the name as __name__, if there is one.
	At     time.Time
	Value  float64
}

// Vector answers query as of now: one sample a series. A scalar is one sample
// without labels; other kinds of answers and warnings are errors.
func (c *Client) Vector(ctx context.Context, query string) ([]Sample, error) {
	var data struct {
		Kind   string          `json:"resultType"`
		Result json.RawMessage `json:"result"`
	}
	if err := c.get(ctx, "/api/v1/query", url.Values{"query": {query}}, &data); err != nil {
		return nil, fmt.Errorf("query %s: %w", query, err)
	}
	var found []struct {
		Labels map[string]string `json:"metric"`
		Point  point             `json:"value"`
	}
	switch data.Kind {
	case "vector":
		if err := json.Unmarshal(data.Result, &found); err != nil {
			return nil, fmt.Errorf("query %s: %w", query, err)
		}
	case "scalar":
		var p point
		if err := json.Unmarshal(data.Result, &p); err != nil {
			return nil, fmt.Errorf("query %s: %w", query, err)
		}
		return []Sample{{At: p.at, Value: p.value}}, nil
	default:
		return nil, fmt.Errorf("query %s: the answer is a %s", query, data.Kind)
	}
	samples := make([]Sample, len(found))
	for n, s := range found {
		samples[n] = Sample{Labels: s.Labels, At: s.Point.at, Value: s.Point.value}
	}
	return samples, nil
}

// Value answers query with the sum of its samples; ok is false when it has none.
func (c *Client) Value(ctx context.Context, query string) (sum float64, ok bool, err error) {
	samples, err := c.Vector(ctx, query)
	for _, s := range samples {
		sum += s.Value
	}
	return sum, len(samples) > 0, err
}

// Exemplar is a value that was observed in a trace.
type Exemplar struct {
	Series map[string]string `json:"-"`      // The labels of the bucket that it is in.
	Labels map[string]string `json:"labels"` // trace_id.
	Value  float64           `json:"value,string"`
}

// Exemplars returns what query's series have been given as exemplars from then till
// now.
func (c *Client) Exemplars(ctx context.Context, query string, then time.Time) ([]Exemplar, error) {
	var data []struct {
		Series    map[string]string `json:"seriesLabels"`
		Exemplars []Exemplar        `json:"exemplars"`
	}
	values := url.Values{"query": {query}, "start": {seconds(then)}, "end": {seconds(time.Now())}}
	if err := c.get(ctx, "/api/v1/query_exemplars", values, &data); err != nil {
		return nil, fmt.Errorf("exemplars of %s: %w", query, err)
	}
	var found []Exemplar
	for _, series := range data {
		for _, e := range series.Exemplars {
			e.Series = series.Series
			found = append(found, e)
		}
	}
	return found, nil
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/float64(time.Second/time.Millisecond), 'f', 3, 64)
}

// point is one value as Prometheus writes it: [seconds, "value"].
type point struct {
	at    time.Time
	value float64
}

// UnmarshalJSON reads [seconds, "value"].
func (p *point) UnmarshalJSON(text []byte) error {
	var at float64
	var value string
	if err := json.Unmarshal(text, &[]any{&at, &value}); err != nil {
		return err
	}
	whole, part := math.Modf(at)
	p.at = time.Unix(int64(whole), int64(part*float64(time.Second)))
	var err error
	p.value, err = strconv.ParseFloat(value, 64)
	return err
}

// get reads the data of an answer into into.
func (c *Client) get(ctx context.Context, path string, values url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path+"?"+values.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask Prometheus: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("ask Prometheus: %w", err)
	}
	var answer struct {
		Status   string          `json:"status"`
		Error    string          `json:"error"`
		Warnings []string        `json:"warnings"`
		Data     json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("ask Prometheus: it answers %s, and no JSON", response.Status)
	}
	if answer.Status != "success" {
		return fmt.Errorf("ask Prometheus: it answers %s: %s", response.Status, answer.Error)
	}
	if len(answer.Warnings) > 0 {
		return fmt.Errorf("ask Prometheus: it warns: %s", strings.Join(answer.Warnings, "; "))
	}
	return json.Unmarshal(answer.Data, into)
}
