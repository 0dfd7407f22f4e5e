package chaos

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"shop/shop/rest"
)

// proxy is a stable address in front of one or several backends: connections go
// to them in turn, those that refuse are passed over. It can cut its connections
// or hold what travels in one direction, as a broken network does.
type proxy struct {
	listener  net.Listener
	requests  gate // From the client to the backend.
	answers   gate // From the backend to the client.
	mu        sync.Mutex
	backends  []string
	next      int
	left      string // The backend that is given no connections.
	cut       bool
	connected map[net.Conn]string // To their backends.
}

// newProxy listens on a free port until the end of the test.
func newProxy(t *testing.T, backends ...string) *proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, backends: backends, connected: map[net.Conn]string{}}
	go p.accept()
	t.Cleanup(func() {
		_ = l.Close()
		p.Cut()
		p.Release()
	})
	return p
}

// Addr returns where clients connect.
func (p *proxy) Addr() string { return p.listener.Addr().String() }

// Leave ends the connections to a backend and gives it no new ones, as a balancer
// does with one that does not answer its probes; "" ends that. Were they kept, a
// client that has several idle ones would lose a try on each.
func (p *proxy) Leave(backend string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = backend
	for c, to := range p.connected {
		if to == backend {
			_ = c.Close()
		}
	}
}

// Cut ends every connection and refuses new ones until Mend.
func (p *proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.connected {
		_ = c.Close()
	}
}

// Mend lets connections through again.
func (p *proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

// HoldRequests keeps back what clients send from now on, HoldAnswers what
// backends send. Connections stay open; Release sends it on.
func (p *proxy) HoldRequests() { p.requests.shut() }

// HoldAnswers: see HoldRequests.
func (p *proxy) HoldAnswers() { p.answers.shut() }

// Release ends both holds.
func (p *proxy) Release() {
	p.requests.open()
	p.answers.open()
}

// TestNobodyIsLeftAtABackendThatIsLeft: not those either who were connected before.
func TestNobodyIsLeftAtABackendThatIsLeft(t *testing.T) {
	p := newProxy(t)
	for _, name := range []string{"first", "second"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }))
		t.Cleanup(server.Close)
		p.backends = append(p.backends, server.Listener.Addr().String())
	}
	clients := [...]*http.Client{newHTTPClient(t), newHTTPClient(t)}
	answers := func() (all []string) {
		for _, c := range clients {
			a, err := rest.Client{Base: "http://" + p.Addr(), HTTP: c}.Get(t.Context(), "/")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(a.Body))
		}
		return all
	}
	before := answers()
	p.Leave(p.backends[0])
	after := answers()
	if want := []string{"first", "second"}; !slices.Equal(before, want) {
		t.Errorf("before: %v, want %v", before, want)
	}
	if want := []string{"second", "second"}; !slices.Equal(after, want) {
		t.Errorf("after: %v, want %v", after, want)
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go p.serve(client)
		}
	}
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	backend, address := p.dial()
	if backend != nil {
		defer backend.Close()
	}
	if backend == nil || !p.keep(address, client, backend) {
		// As a port where nobody listens: a reset, not an orderly end.
		_ = client.(*net.TCPConn).SetLinger(0)
		return
	}
	defer p.forget(client, backend)
	var ends sync.WaitGroup
	ends.Go(func() { pump(backend, client, &p.requests) })
	ends.Go(func() { pump(client, backend, &p.answers) })
	ends.Wait()
}

// dial connects to the next backend that does not refuse and returns its address;
// nil if all do.
func (p *proxy) dial() (net.Conn, string) {
	p.mu.Lock()
	first, cut, left := p.next, p.cut, p.left
	p.next++
	p.mu.Unlock()
	if cut {
		return nil, ""
	}
	for n := range p.backends {
		backend := p.backends[(first+n)%len(p.backends)]
		if backend == left {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", backend)
		cancel()
		if err == nil {
			return c, backend
		}
	}
	return nil, ""
}

// keep notes the two ends of a way to backend, unless it was closed meanwhile.
func (p *proxy) keep(backend string, ends ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut || backend == p.left {
		return false
	}
	for _, c := range ends {
		p.connected[c] = backend
	}
	return true
}

func (p *proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.connected, c)
	}
}

// pump copies until either side ends, then ends both.
func pump(to, from net.Conn, g *gate) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			g.pass()
			if _, failed := to.Write(buffer[:n]); failed != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// gate holds up who passes while it is shut. The zero gate is open.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // Nil while open.
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

func (g *gate) pass() {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	if opened != nil {
		<-opened
	}
}
