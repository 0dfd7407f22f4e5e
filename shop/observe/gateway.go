package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"shop/kit/service"
)

// maxMessage is the longest message that a gateway reads, in bytes.
const maxMessage = 64 << 10

// Gateway plays the operator's gateway for short messages and the webhook for push
// messages: it takes everything and sends nothing. That it counts is all it does,
// and that it can be taken away.
type Gateway struct {
	address string

	mu     sync.Mutex
	server *http.Server // nil = it is away.
	taken  map[string]int
}

// OpenGateway opens a gateway at address, a host:port.
func OpenGateway(ctx context.Context, address string) (*Gateway, error) {
	g := &Gateway{address: address, taken: map[string]int{}}
	return g, g.Open(ctx)
}

// SMS returns where short messages go.
func (g *Gateway) SMS() string { return "http://" + g.address + "/sms" }

// Push returns where push messages go.
func (g *Gateway) Push() string { return "http://" + g.address + "/push" }

// Open lets the gateway answer, again after Close.
func (g *Gateway) Open(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.server != nil {
		return nil
	}
	l, err := service.Listen(ctx, g.address)
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	const patience = 5 * time.Second
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{channel}", g.take)
	g.server = &http.Server{Handler: mux, ReadHeaderTimeout: patience, ReadTimeout: patience}
	go serve(g.server, l)
	return nil
}

func serve(s *http.Server, l net.Listener) { _ = s.Serve(l) } // That it was closed.

func (g *Gateway) take(w http.ResponseWriter, r *http.Request) {
	channel := r.PathValue("channel")
	if channel != "sms" && channel != "push" {
		http.NotFound(w, r)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
	if err != nil || !json.Valid(text) {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	g.taken[channel]++
	g.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// Taken returns how many messages of a channel (sms or push) were taken.
func (g *Gateway) Taken(channel string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.taken[channel]
}

// Close takes the gateway away: nobody answers, and what is open breaks.
func (g *Gateway) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.server == nil {
		return nil
	}
	err := g.server.Close()
	g.server = nil
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
