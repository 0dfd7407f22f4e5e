package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Environment variables by which the test binary is an application behind its
// sidecar: the address that it serves at, and what it asks of others, method and
// URL in turns.
const (
	application      = "MESH_TEST_APPLICATION"
	applicationCalls = "MESH_TEST_APPLICATION_CALLS"
)

// serveApplication is an application that answers with its process number, and
// ends by SIGTERM when it has answered everybody. For the public it makes all calls
// first, and one that fails fails the request.
func serveApplication(addr, calls string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	list := strings.Fields(calls)
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const work = 5 * time.Millisecond
		select {
		case <-time.After(work):
		case <-r.Context().Done():
			return
		}
		if strings.HasSuffix(r.Header.Get("X-Forwarded-Client-Cert"), "/sa/edge") {
			for i := 0; i+1 < len(list); i += 2 {
				if _, err := ask(r.Context(), transport, list[i], list[i+1]); err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
			}
		}
		fmt.Fprintln(w, os.Getpid())
	})}
	go func() { _ = server.Serve(l) }()
	<-ctx.Done()
	return server.Shutdown(context.Background())
}

// errNoAnswer is what became of a request whose connection broke, or that got
// none.
var errNoAnswer = errors.New("no answer")

// ask returns the text of a good answer.
func ask(ctx context.Context, by http.RoundTripper, method, url string) (string, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("{}")
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return "", err
	}
	resp, err := by.RoundTrip(r)
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %w", method, url, errNoAnswer, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %w", method, url, errNoAnswer, err)
	}
	if resp.StatusCode/100 != 2 {
		return "", fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, text)
	}
	return strings.TrimSpace(string(text)), nil
}
