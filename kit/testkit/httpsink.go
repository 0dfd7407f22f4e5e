package testkit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Sink is a real HTTP server that records what it is sent and answers by a
// script.
type Sink struct {
	URL string // "http://127.0.0.1:port"

	stop chan struct{}

	mu       sync.Mutex
	requests []SinkRequest
	script   []Answer
}

// SinkRequest is one request as it arrived.
type SinkRequest struct {
	Method string
	Path   string // With the query.
	Header http.Header
	Body   []byte
}

// Answer is what a Sink does with one request.
type Answer struct {
	Status int // 0 = 200.
	Header http.Header
	Body   string
	Drop   bool // Close the connection without an answer.
	Hang   bool // Answer nothing until the client gives up or the test ends.
}

// HTTPSink starts a Sink that answers 200 with an empty body until Script says
// otherwise.
func HTTPSink(t testing.TB) *Sink {
	t.Helper()
	s := &Sink{stop: make(chan struct{})}
	server := httptest.NewServer(s)
	// A dropped connection that was used before makes Go's client send again.
	server.Config.SetKeepAlivesEnabled(false)
	s.URL = server.URL
	t.Cleanup(func() {
		close(s.stop)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// Script sets the answers to the next requests. The last one stays for all that
// follow; an empty script means 200.
func (s *Sink) Script(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = answers
}

// Requests returns what has arrived so far, oldest first.
func (s *Sink) Requests() []SinkRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SinkRequest(nil), s.requests...)
}

// ServeHTTP records r and plays the next answer of the script.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // The client is gone; there is nothing to record.
	}
	a := s.record(SinkRequest{Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: body})
	switch {
	case a.Hang:
		select {
		case <-r.Context().Done():
		case <-s.stop:
		}
		panic(http.ErrAbortHandler)
	case a.Drop:
		panic(http.ErrAbortHandler)
	}
	for k, v := range a.Header {
		w.Header()[k] = v
	}
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	_, _ = io.WriteString(w, a.Body) // A client that went away is the client's matter.
}

func (s *Sink) record(r SinkRequest) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	if len(s.script) == 0 {
		return Answer{}
	}
	a := s.script[0]
	if len(s.script) > 1 {
		s.script = s.script[1:]
	}
	return a
}
