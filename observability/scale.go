package observability

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Interval is how often Prometheus scrapes and evaluates in production.
const Interval = 10 * time.Second

// shortest is the shortest interval of scaled rules, and shortestWindow the
// shortest range: one that held fewer than two samples would have no rate.
const (
	shortest       = time.Second
	shortestWindow = 4 * shortest
)

// Scale returns a rule file with every duration divided by factor, which is 1 or
// more: ranges, offsets, waits (for, keep_firing_for) and intervals. Thresholds,
// names and labels stay. A range is never shorter than 4 s and an interval than
// 1 s. By a factor of 1 the file is returned as it is.
func Scale(file []byte, factor float64) ([]byte, error) {
	if factor < 1 {
		return nil, fmt.Errorf("a factor of %v: must be 1 or more", factor)
	}
	if factor == 1 {
		return file, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(file, &doc); err != nil {
		return nil, err
	}
	if err := scaleNode(&doc, factor); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, err
	}
	return out.Bytes(), enc.Close()
}

func scaleNode(n *yaml.Node, factor float64) error {
	for i, child := range n.Content {
		var err error
		switch key := keyOf(n, i); key {
		case "expr":
			child.Value, err = scaleExpr(child.Value, factor)
		case "for", "keep_firing_for":
			child.Value, err = scaleDuration(child.Value, factor, 0)
		case "interval":
			child.Value, err = scaleDuration(child.Value, factor, shortest)
		default:
			err = scaleNode(child, factor)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", child.Line, err)
		}
	}
	return nil
}

// keyOf returns the key that the i-th child of n is the value of; "" if none.
func keyOf(n *yaml.Node, i int) string {
	if n.Kind != yaml.MappingNode || i%2 == 0 {
		return ""
	}
	return n.Content[i-1].Value
}

// token matches what PromQL is made of as far as numbers are concerned: strings,
// comments and names, inside which a number is none, durations, and numbers.
var token = regexp.MustCompile("\"(?:\\\\.|[^\"\\\\])*\"|'(?:\\\\.|[^'\\\\])*'|`[^`]*`|#[^\n]*|[A-Za-z_][A-Za-z0-9_:]*" +
	`|(?:\d+(?:ms|[smhdwy]))+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`)

var isDuration = regexp.MustCompile(`^(?:\d+(?:ms|[smhdwy]))+$`)

func scaleExpr(expr string, factor float64) (string, error) {
	var out strings.Builder
	at := 0
	for _, span := range token.FindAllStringIndex(expr, -1) {
		out.WriteString(expr[at:span[0]])
		word := expr[span[0]:span[1]]
		if isDuration.MatchString(word) {
			least := time.Duration(0)
			if span[0] > 0 && expr[span[0]-1] == '[' {
				least = shortestWindow
			}
			var err error
			if word, err = scaleDuration(word, factor, least); err != nil {
				return "", err
			}
		}
		out.WriteString(word)
		at = span[1]
	}
	return out.String() + expr[at:], nil
}

var (
	durationPart = regexp.MustCompile(`(\d+)(ms|[smhdwy])`)
	units        = map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
	}
)

// scaleDuration divides a duration of Prometheus by factor, to no less than least.
func scaleDuration(text string, factor float64, least time.Duration) (string, error) {
	if text != "0" && !isDuration.MatchString(text) {
		return "", fmt.Errorf("%q is no duration", text)
	}
	var sum time.Duration
	for _, part := range durationPart.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(part[1])
		if err != nil {
			return "", err
		}
		sum += time.Duration(n) * units[part[2]]
	}
	if sum == 0 {
		return text, nil
	}
	return duration(max(time.Duration(float64(sum)/factor), least)), nil
}

// duration writes d as Prometheus reads it, to the millisecond.
func duration(d time.Duration) string {
	d = max(d.Round(time.Millisecond), time.Millisecond)
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}
