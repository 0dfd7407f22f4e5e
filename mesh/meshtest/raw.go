package meshtest

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// answerTime is how long an answer may take; Envoy's own timeouts are shorter.
const answerTime = 30 * time.Second

// Answer is a response with its body.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Seen returns what an Echo saw of the request.
func (a Answer) Seen(t testing.TB) Seen {
	t.Helper()
	var s Seen
	if err := json.Unmarshal([]byte(a.Body), &s); a.Status != http.StatusOK || err != nil {
		t.Fatalf("answered %d %s; want what an Echo saw", a.Status, a.Body)
	}
	return s
}

// Raw sends text, a whole HTTP/1.1 request, as it is to addr on a connection of its
// own and returns the answer.
func Raw(t testing.TB, addr, text string) Answer {
	t.Helper()
	return send(t, &net.Dialer{Timeout: time.Second}, addr, text)
}

func send(t testing.TB, from *net.Dialer, addr, text string) Answer {
	t.Helper()
	conn, err := from.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerTime))              // A connection that is open takes one.
	go func() { _, _ = io.Copy(conn, strings.NewReader(text)) }() // Who refuses it need not read it.
	method, _, _ := strings.Cut(text, " ")
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%.200q: %v", text, err)
	}
	return read(t, answer)
}

// Request is one request to Do.
type Request struct {
	Method string // "" = GET.
	URI    string // Sent as it is.
	Header map[string]string
	Body   string
}

// Do sends r to addr by HTTP/1.1 on a connection of its own.
func Do(t testing.TB, addr string, r Request) Answer {
	t.Helper()
	return Raw(t, addr, r.text())
}

// DoFrom is Do from another address of this machine: 127.0.0.2, say.
func DoFrom(t testing.TB, from, addr string, r Request) Answer {
	t.Helper()
	return send(t, &net.Dialer{Timeout: time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}, addr, r.text())
}

func (r Request) text() string {
	var text strings.Builder
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	text.WriteString(r.Method + " " + r.URI + " HTTP/1.1\r\nHost: shop.test\r\n")
	for name, value := range r.Header {
		text.WriteString(name + ": " + value + "\r\n")
	}
	if r.Body != "" {
		text.WriteString("Content-Length: " + strconv.Itoa(len(r.Body)) + "\r\n")
	}
	text.WriteString("\r\n" + r.Body)
	return text.String()
}

// Peer calls a sidecar's inbound listener as a member of the mesh does, by HTTP/2.
type Peer struct {
	addr string
	http *http.Client
}

// NewPeer returns a Peer that shows what config says.
func NewPeer(t testing.TB, addr string, config *tls.Config) *Peer {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &Peer{addr, &http.Client{Transport: transport, Timeout: answerTime}}
}

// Do sends r. The error is that of a refused connection.
func (p *Peer) Do(t testing.TB, r Request) (Answer, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.Method, "https://"+p.addr, strings.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Opaque = "//" + p.addr + r.URI // As it is.
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	answer, err := p.http.Do(request)
	if err != nil {
		return Answer{}, err
	}
	return read(t, answer), nil
}

func read(t testing.TB, answer *http.Response) Answer {
	t.Helper()
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{answer.StatusCode, answer.Header, string(body)}
}
