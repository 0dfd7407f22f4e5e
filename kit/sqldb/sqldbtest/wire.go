package sqldbtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Wire is the network between a database and its PostgreSQL server, in a test of
// what happens when it fails. It counts round trips, too.
type Wire struct {
	URL string // Of the database, through the wire.

	server     string
	roundTrips atomic.Int64

	mu    sync.Mutex
	flows *sync.Cond
	held  bool   // Answers wait.
	word  []byte // See LoseAnswer.
	links map[*link]struct{}
}

// link is one connection through a wire.
type link struct {
	client, server net.Conn
	doomed         bool // Its next answer is lost.
}

// NewWire returns a wire to the database at databaseURL, without TLS. It is cut
// when the test ends.
func NewWire(t testing.TB, databaseURL string) *Wire {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the URL of the database is none")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{server: u.Host, links: map[*link]struct{}{}}
	w.flows = sync.NewCond(&w.mu)
	query := u.Query()
	query.Set("sslmode", "disable")
	u.Host, u.RawQuery = listener.Addr().String(), query.Encode()
	w.URL = u.String()

	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // Closed below.
			}
			running.Go(func() { w.connect(t, client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		w.Resume()
		w.Cut()
		running.Wait()
	})
	return w
}

// RoundTrips returns how often the server has said since the last call that it
// is ready for the next query: what a caller had to wait for.
func (w *Wire) RoundTrips() int64 { return w.roundTrips.Swap(0) }

// Cut closes every connection.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.links {
		l.close()
	}
}

// Hang keeps every answer back until Resume.
func (w *Wire) Hang() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = true
}

// Resume lets answers flow again.
func (w *Wire) Resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = false
	w.flows.Broadcast()
}

// LoseAnswer lets the next message that holds word reach the server, and closes
// its connection in place of the answer.
func (w *Wire) LoseAnswer(word string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.word = []byte(word)
}

// connect carries what client sends to the server and back until either closes.
func (w *Wire) connect(t testing.TB, client net.Conn) {
	server, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", w.server)
	if err != nil {
		_ = client.Close()
		return
	}
	l := &link{client: client, server: server}
	w.mu.Lock()
	w.links[l] = struct{}{}
	w.mu.Unlock()

	var questions sync.WaitGroup
	questions.Go(func() { w.questions(l) })
	w.answers(l)
	questions.Wait()

	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.links, l)
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

func (w *Wire) questions(l *link) {
	defer l.close()
	for buffer := make([]byte, 64<<10); ; {
		n, err := l.client.Read(buffer)
		if err != nil {
			return
		}
		w.mu.Lock()
		if w.word != nil && bytes.Contains(buffer[:n], w.word) {
			w.word, l.doomed = nil, true
		}
		w.mu.Unlock()
		if _, err := l.server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (w *Wire) answers(l *link) {
	defer l.close()
	for {
		message, err := receive(l.server)
		if err != nil || !w.pass(l, message) {
			return
		}
		if _, err := l.client.Write(message); err != nil {
			return
		}
	}
}

// pass waits while answers are kept back and reports whether this one arrives.
func (w *Wire) pass(l *link, message []byte) bool {
	const ready = 'Z'
	if message[0] == ready {
		w.roundTrips.Add(1)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.held {
		w.flows.Wait()
	}
	return !l.doomed
}

// receive reads one message of the server: a letter, then the length of the rest.
func receive(r io.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size < 4 {
		return nil, errors.New("no message of PostgreSQL")
	}
	message := append(head, make([]byte, size-4)...)
	_, err := io.ReadFull(r, message[5:])
	return message, err
}
