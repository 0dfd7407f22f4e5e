package meshtest

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// dnsTTL is how many seconds answers may be kept by who caches them: as many as
// those of Docker.
const dnsTTL = 600

// DNS is a server of names, over UDP, that has the replicas of services as that of
// Docker has.
type DNS struct {
	Addr string // host:port

	mu     sync.Mutex
	names  map[string][]netip.Addr
	broken bool
}

// NewDNS serves names on loopback until the test ends.
func NewDNS(t testing.TB) *DNS {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // Nothing to cancel.
	if err != nil {
		t.Fatal(err)
	}
	d := &DNS{Addr: conn.LocalAddr().String(), names: map[string][]netip.Addr{}}
	served := make(chan struct{})
	go func() {
		defer close(served)
		d.serve(conn)
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-served
	})
	return d
}

// Set gives name these IPv4 addresses in place of those it had. Without any
// it exists no more.
func (d *DNS) Set(name string, addresses ...string) {
	list := make([]netip.Addr, len(addresses))
	for i, a := range addresses {
		list[i] = netip.MustParseAddr(a)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[name] = list
}

// Break lets every answer from now on say that the server has failed, until
// it is mended.
func (d *DNS) Break() { d.setBroken(true) }

// Mend ends what Break began.
func (d *DNS) Mend() { d.setBroken(false) }

func (d *DNS) setBroken(broken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = broken
}

// serve answers until conn is closed.
func (d *DNS) serve(conn net.PacketConn) {
	const most = 512 // Bytes of a question.
	for buffer := make([]byte, most); ; {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if answer, err := d.answer(buffer[:n]); err == nil {
			_, _ = conn.WriteTo(answer, from) // Who got nothing asks again.
		}
	}
}

// answer returns the message that answers the one question in message.
func (d *DNS) answer(message []byte) ([]byte, error) {
	var p dnsmessage.Parser
	asked, err := p.Start(message)
	if err != nil {
		return nil, err
	}
	q, err := p.Question()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	list, broken := slices.Clone(d.names[strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))]), d.broken
	d.mu.Unlock()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: asked.ID, Response: true, Authoritative: true, RecursionDesired: asked.RecursionDesired},
		Questions: []dnsmessage.Question{q},
	}
	switch {
	case broken:
		m.RCode = dnsmessage.RCodeServerFailure
		return m.Pack()
	case len(list) == 0:
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range list {
		if q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: dnsTTL},
				Body:   &dnsmessage.AResource{A: a.As4()},
			})
		}
	}
	return m.Pack()
}
