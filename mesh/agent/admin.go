package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// admin is Envoy's own interface.
type admin struct{ address string }

// adminTime is how long Envoy may take to answer, and adminPoll how often it is
// asked for something to come.
const (
	adminTime = 5 * time.Second
	adminPoll = 50 * time.Millisecond
)

// call returns the answer to one request; one other than 200 is an error.
func (a admin) call(ctx context.Context, method, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://envoy"+path, nil)
	if err != nil {
		return "", err
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
	resp, err := client.Do(r)
	if err != nil {
		return "", fmt.Errorf("ask Envoy at %s: %w", a.address, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	const most = 1 << 20 // bytes
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("Envoy answers %s with %s: %s", path, resp.Status, strings.TrimSpace(string(body))) //nolint:staticcheck // A name.
	}
	return string(body), err
}

// Ready returns nil when the Envoy whose own interface is at address serves.
func Ready(ctx context.Context, address string) error {
	_, err := admin{address}.call(ctx, http.MethodGet, "/ready")
	return err
}

// awaitReady returns nil when Envoy serves. It gives up when ended is closed.
func (a admin) awaitReady(ctx context.Context, ended <-chan struct{}) error {
	again := time.NewTicker(adminPoll)
	defer again.Stop()
	for {
		err := Ready(ctx, a.address)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until it is ready: %w: %w", context.Cause(ctx), err)
		case <-ended:
			return err
		case <-again.C:
		}
	}
}

// drain makes health checks fail and asks peers to open no more connections and
// to leave those they have. Envoy closes its listeners after its drain time: all,
// or only those for callers, so that the service can still call others.
func (a admin) drain(ctx context.Context, all bool) error {
	listeners := "/drain_listeners?graceful&skip_exit"
	if !all {
		listeners += "&inboundonly"
	}
	for _, path := range []string{"/healthcheck/fail", listeners} {
		if _, err := a.call(ctx, http.MethodPost, path); err != nil {
			return err
		}
	}
	return nil
}

// shut closes the listeners: nobody new gets in, and who is in stays.
func (a admin) shut(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodPost, "/drain_listeners")
	return err
}

// active returns how many requests Envoy works on, those to its own interface
// apart.
func (a admin) active(ctx context.Context) (sum int, err error) {
	page, err := a.call(ctx, http.MethodGet, `/stats?filter=%5Ehttp%5C..*downstream_rq_active$`)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(page) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.HasPrefix(name, "http.admin.") {
			continue
		}
		n, err := strconv.Atoi(value)
		if err != nil {
			return 0, fmt.Errorf("figures of Envoy: %q", line)
		}
		sum += n
	}
	return sum, nil
}

// Drain does what an agent does at SIGTERM before it ends anything, for a hook
// that runs earlier: callers of the Envoy at address turn to others, and Drain
// returns when they have had the time for that. The service can call others until
// Envoy ends.
func Drain(ctx context.Context, address string, wait time.Duration) error {
	if err := (admin{address}).drain(ctx, false); err != nil {
		return err
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	select {
	case <-over.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
