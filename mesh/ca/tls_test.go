package ca_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"shop/mesh/ca"
	"shop/mesh/identity"
)

// side returns how the workload name, in the authority's directory, talks to one
// that must be peer.
func side(t testing.TB, o ca.Options, name, peer string) *tls.Config {
	t.Helper()
	files, err := identity.Read(filepath.Join(o.Dir, name))
	must(t, err)
	pair, err := tls.X509KeyPair(files.Cert, files.Key)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(files.CA)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair},
		RootCAs: roots, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert, ServerName: peer,
		VerifyConnection: func(s tls.ConnectionState) error {
			if got := s.PeerCertificates[0].URIs[0].String(); got != identity.URI(peer) {
				return errors.New("the peer is " + got)
			}
			return nil
		},
	}
}

func TestClientAndServerKnowEachOther(t *testing.T) {
	a, ours := authority(t, ca.Options{})
	must(t, a.Once(t.Context()))
	b, foreign := authority(t, ca.Options{})
	must(t, b.Once(t.Context()))
	late, expired := authority(t, ca.Options{Life: time.Hour, Now: func() time.Time { return time.Now().Add(-2 * time.Hour) }})
	must(t, late.Once(t.Context()))
	nobody := side(t, ours, "product", "user")
	nobody.Certificates = nil
	for name, c := range map[string]struct {
		server, client *tls.Config
		ok             bool
	}{
		"as they should":               {side(t, ours, "user", "product"), side(t, ours, "product", "user"), true},
		"the client is another":        {side(t, ours, "user", "product"), side(t, ours, "edge", "user"), false},
		"the server is another":        {side(t, ours, "edge", "product"), side(t, ours, "product", "user"), false},
		"client of a foreign CA":       {side(t, ours, "user", "product"), withRoots(side(t, foreign, "product", "user"), side(t, ours, "product", "user")), false},
		"server of a foreign CA":       {withRoots(side(t, foreign, "user", "product"), side(t, ours, "user", "product")), side(t, ours, "product", "user"), false},
		"client without a certificate": {side(t, ours, "user", "product"), nobody, false},
		"both expired":                 {side(t, expired, "user", "product"), side(t, expired, "product", "user"), false},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := net.Pipe()
			defer client.Close()
			defer server.Close()
			served := make(chan error, 1)
			go func() {
				s := tls.Server(server, c.server)
				err := s.HandshakeContext(t.Context())
				served <- err
				if err == nil {
					_, _ = s.Write([]byte("x"))
				}
				_ = server.Close()
			}()
			conn := tls.Client(client, c.client)
			err := conn.HandshakeContext(t.Context())
			if err == nil { // A client learns only from the first bytes that it was refused.
				_, err = conn.Read(make([]byte, 1))
			}
			_ = client.Close()
			if ok := errors.Join(err, <-served) == nil; ok != c.ok {
				t.Errorf("they talk: %v, want %v (%v)", ok, c.ok, err)
			}
		})
	}
}

// withRoots returns c that trusts whom other trusts.
func withRoots(c, other *tls.Config) *tls.Config {
	c.RootCAs, c.ClientCAs = other.RootCAs, other.ClientCAs
	return c
}
