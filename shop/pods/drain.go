//go:build linux || darwin

package pods

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shop/mesh/policy"
)

// How the edge is emptied: clients are told to come by another connection, then no
// more are taken, then what was accepted is answered.
const (
	closing   = 500 * time.Millisecond // While it says "connection: close" with every answer.
	emptyPoll = 25 * time.Millisecond
	emptyLong = 4 // So often in a row nothing is in flight: requests may be read already that are not counted yet.
)

// drainEdge returns when the edge has answered everything that it has accepted,
// and no listener of it is open.
func (s *Shop) drainEdge(ctx context.Context, edge *pod) error {
	ctx, cancel := context.WithTimeout(ctx, s.policy.Edge.Timeouts.Stream+margin)
	defer cancel()
	go func() {
		select {
		case <-edge.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	select {
	case <-edge.ready:
	default:
		return nil // It has accepted nothing yet.
	}
	envoy := admin{s.places[policy.EdgeName].Admin}
	for _, step := range []struct {
		path string
		then time.Duration
	}{{"/drain_listeners?graceful&skip_exit", closing}, {"/drain_listeners", 0}} {
		if err := envoy.post(ctx, step.path); err != nil {
			return unlessEnded(edge, err)
		}
		wait(ctx, step.then)
	}
	for empty := 0; empty < emptyLong; wait(ctx, emptyPoll) {
		n, err := envoy.inFlight(ctx)
		if err != nil {
			return unlessEnded(edge, err)
		}
		if empty++; n > 0 {
			empty = 0
		}
	}
	return nil
}

// unlessEnded returns err, or nil where the edge has ended: there is nobody to drain.
func unlessEnded(edge *pod, err error) error {
	select {
	case <-edge.ended:
		return nil
	default:
		return fmt.Errorf("drain the edge: %w", err)
	}
}

func wait(ctx context.Context, d time.Duration) {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
}

// admin is an Envoy's own interface: host:port, or the path of a Unix socket.
type admin struct{ address string }

func (a admin) call(ctx context.Context, method, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://envoy"+path, nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			network := "tcp"
			if strings.HasPrefix(a.address, "/") {
				network = "unix"
			}
			return (&net.Dialer{}).DialContext(ctx, network, a.address)
		},
	}}
	answer, err := client.Do(r)
	if err == nil && answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()                                           // It says nothing more.
		err = fmt.Errorf("Envoy answers %s with %s", path, answer.Status) //nolint:staticcheck // A name.
	}
	return answer, err
}

func (a admin) post(ctx context.Context, path string) error {
	answer, err := a.call(ctx, http.MethodPost, path)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// inFlight returns how many requests of clients the Envoy works on.
func (a admin) inFlight(ctx context.Context) (sum int, err error) {
	answer, err := a.call(ctx, http.MethodGet, "/stats?filter=%5Ehttp%5C.public_.*downstream_rq_active$")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		_, value, _ := strings.Cut(lines.Text(), ": ")
		n, err := strconv.Atoi(value)
		if err != nil {
			return 0, fmt.Errorf("figures of Envoy: %q", lines.Text())
		}
		sum += n
	}
	return sum, lines.Err()
}
