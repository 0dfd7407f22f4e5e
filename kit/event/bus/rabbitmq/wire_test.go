package rabbitmq_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// wire stands between a bus and its broker, and can be cut, stopped and made to
// say what the broker says when it is short of memory.
type wire struct {
	listener net.Listener
	broker   string

	mu     sync.Mutex
	cut    bool
	closed bool
	flows  *sync.Cond
	still  bool // Nothing is passed on.
	pairs  map[*pair]struct{}
}

// pair is one connection through the wire.
type pair struct {
	client, broker net.Conn
	write          sync.Mutex // Of frames to the client.
}

// newWire returns a wire to the broker at the URL to, and the URL of its own end.
func newWire(t *testing.T, to string) (w *wire, here string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	w = &wire{broker: u.Host, pairs: map[*pair]struct{}{}}
	w.flows = sync.NewCond(&w.mu)
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u.Host = w.listener.Addr().String()
	var running sync.WaitGroup
	running.Go(func() { w.accept(&running) })
	t.Cleanup(func() {
		w.listener.Close()
		w.set(func() { w.closed, w.cut, w.still = true, true, false })
		running.Wait()
	})
	return w, u.String()
}

// set changes the wire's state. A cut ends all connections.
func (w *wire) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	if w.cut {
		for p := range w.pairs {
			p.client.Close()
			p.broker.Close()
		}
	}
	w.flows.Broadcast()
}

func (w *wire) Cut()  { w.set(func() { w.cut = true }) }
func (w *wire) Mend() { w.set(func() { w.cut, w.still = false, false }) }
func (w *wire) Stop() { w.set(func() { w.still = true }) }

func (w *wire) accept(running *sync.WaitGroup) {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		broker, err := net.Dial("tcp", w.broker)
		w.mu.Lock()
		if err != nil || w.cut {
			w.mu.Unlock()
			client.Close()
			if broker != nil {
				broker.Close()
			}
			continue
		}
		p := &pair{client: client, broker: broker}
		w.pairs[p] = struct{}{}
		w.mu.Unlock()
		running.Go(func() { w.pass(p, w.toBroker) })
		running.Go(func() { w.pass(p, w.toClient) })
	}
}

// pass runs one direction of p until it ends, which ends both.
func (w *wire) pass(p *pair, direction func(*pair) error) {
	_ = direction(p) // However it ends.
	p.client.Close()
	p.broker.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pairs, p)
}

func (w *wire) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.still {
		w.flows.Wait()
	}
}

func (w *wire) toBroker(p *pair) error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := p.client.Read(buffer)
		if err != nil {
			return err
		}
		w.wait()
		if _, err := p.broker.Write(buffer[:n]); err != nil {
			return err
		}
	}
}

// toClient passes whole frames on, so that others fit between them.
func (w *wire) toClient(p *pair) error {
	header := make([]byte, 7) // Type, channel, size.
	for {
		if _, err := io.ReadFull(p.broker, header); err != nil {
			return err
		}
		rest := make([]byte, binary.BigEndian.Uint32(header[3:])+1)
		if _, err := io.ReadFull(p.broker, rest); err != nil {
			return err
		}
		w.wait()
		if err := p.say(append(append([]byte{}, header...), rest...)); err != nil {
			return err
		}
	}
}

func (p *pair) say(frame []byte) error {
	p.write.Lock()
	defer p.write.Unlock()
	_, err := p.client.Write(frame)
	return err
}

// Block tells all clients that the broker takes no messages; Unblock that it does.
func (w *wire) Block(t *testing.T, reason string) {
	w.announce(t, 60, append([]byte{byte(len(reason))}, reason...))
}
func (w *wire) Unblock(t *testing.T) { w.announce(t, 61, nil) }

// announce sends a method of class connection on channel 0.
func (w *wire) announce(t *testing.T, method byte, arguments []byte) {
	t.Helper()
	payload := append([]byte{0, 10, 0, method}, arguments...)
	frame := []byte{1, 0, 0}
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(payload)))
	frame = append(append(frame, payload...), 0xCE)
	w.mu.Lock()
	defer w.mu.Unlock()
	for p := range w.pairs {
		if err := p.say(frame); err != nil {
			t.Error(err)
		}
	}
}
