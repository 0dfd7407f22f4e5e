package meshtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"testing"
	"time"

	"shop/mesh/identity"
)

// Roots is an authority of one test.
type Roots struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewRoots makes an authority that nobody trusts who has not its files.
func NewRoots(t testing.TB) *Roots {
	t.Helper()
	r := &Roots{t: t}
	r.cert = &x509.Certificate{
		Subject: pkix.Name{CommonName: "test root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	r.cert, r.key = r.sign(r.cert)
	return r
}

// sign completes a certificate and signs it with r's key, its own if there is
// none yet.
func (r *Roots) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	r.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		r.t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = serial, time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	issuer, by := r.cert, r.key
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, key.Public(), by)
	if err != nil {
		r.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		r.t.Fatal(err)
	}
	return signed, key
}

// Files returns the files of a workload with this SPIFFE id.
func (r *Roots) Files(id string) identity.Files {
	r.t.Helper()
	uri, err := url.Parse(id)
	if err != nil {
		r.t.Fatal(err)
	}
	cert, key := r.sign(&x509.Certificate{
		URIs: []*url.URL{uri}, DNSNames: []string{"localhost"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	})
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		r.t.Fatal(err)
	}
	return identity.Files{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		CA:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.cert.Raw}),
	}
}

// Give puts the files of a workload with this SPIFFE id into dir.
func (r *Roots) Give(dir, id string) {
	r.t.Helper()
	Write(r.t, dir, r.Files(id))
}

// Write puts files into dir, as an authority does.
func Write(t testing.TB, dir string, f identity.Files) {
	t.Helper()
	if err := identity.Write(dir, f, identity.Owner{}, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// Client returns what a connection with this SPIFFE id is made with; the other
// end must have a certificate of the same roots, for whatever name.
func (r *Roots) Client(id string) *tls.Config {
	r.t.Helper()
	f := r.Files(id)
	pair, err := tls.X509KeyPair(f.Cert, f.Key)
	if err != nil {
		r.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(r.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS13,
		NextProtos: []string{"h2"},
	}
}
