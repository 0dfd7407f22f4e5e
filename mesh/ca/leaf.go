package ca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"time"

	"shop/mesh/identity"
)

// Reasons for a new certificate, values of a metric's label.
const (
	reasonNone    = ""
	reasonMissing = "missing" // Or damaged.
	reasonRenewal = "renewal"
	reasonNames   = "names"
	reasonRoot    = "root"  // Another root signs or is trusted.
	reasonOwner   = "owner" // The key is not its owner's alone.
)

// refresh gives id a new certificate if one is due.
func (a *Authority) refresh(id Identity, rs roots) error {
	reason, leaf := a.due(id, rs)
	if reason == reasonNone {
		a.o.Metrics.leaf(id.Name, leaf)
		return nil
	}
	files, leaf, err := a.issue(id, rs)
	if err == nil {
		err = identity.Write(a.dir(id), files, a.o.Owner, a.o.Now())
	}
	if err != nil {
		a.o.Metrics.failed(id.Name)
		return fmt.Errorf("certificate of %s (%s): %w", id.Name, reason, err)
	}
	a.o.Metrics.issued(id.Name, reason)
	a.o.Metrics.leaf(id.Name, leaf)
	a.o.Log.Info("certificate issued", "identity", id.Name, "reason", reason, "serial", serial(leaf), "not_after", leaf.NotAfter)
	return nil
}

// due says why id needs a new certificate, and otherwise which it has.
func (a *Authority) due(id Identity, rs roots) (reason string, leaf *x509.Certificate) {
	files, err := identity.Read(a.dir(id))
	if err != nil {
		return reasonMissing, nil
	}
	b, err := files.Parse()
	if err != nil {
		return reasonMissing, nil
	}
	now := a.o.Now()
	switch {
	case !slices.Equal(b.URIs(), []string{identity.URI(id.Name)}), !slices.Equal(b.Leaf.DNSNames, id.dnsNames()):
		return reasonNames, nil
	case b.Leaf.CheckSignatureFrom(rs.signs.cert) != nil, !bytes.Equal(files.CA, rs.bundle()):
		return reasonRoot, nil
	case !a.o.Owner.Keeps(a.dir(id)):
		return reasonOwner, nil
	case !now.Before(renewAt(b.Leaf)), now.Before(b.Leaf.NotBefore):
		return reasonRenewal, nil
	default:
		return reasonNone, b.Leaf
	}
}

// life returns how long c was valid when it was made.
func life(c *x509.Certificate) time.Duration { return c.NotAfter.Sub(c.NotBefore.Add(backdate)) }

// dueAt returns when two thirds of the life of c are over.
func dueAt(c *x509.Certificate) time.Time { return c.NotAfter.Add(-life(c) / 3) }

// jitter is the part of its life by which a leaf is renewed early at most, so
// that those issued together don't come back together.
const jitter = 20

// renewAt returns when c is to be renewed: always the same moment for the same
// certificate.
func renewAt(c *x509.Certificate) time.Time {
	const parts = 1 << 10
	part := new(big.Int).Mod(c.SerialNumber, big.NewInt(parts)).Int64()
	early := life(c) / jitter * time.Duration(part) / parts
	return dueAt(c).Add(-early)
}

// issue makes a key and a certificate for id.
func (a *Authority) issue(id Identity, rs roots) (identity.Files, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity.Files{}, nil, err
	}
	uri, err := url.Parse(identity.URI(id.Name))
	if err != nil {
		return identity.Files{}, nil, err
	}
	now := a.o.Now()
	end := now.Add(a.o.Life)
	if last := rs.signs.cert.NotAfter; end.After(last) {
		end = last
	}
	number, err := newSerial(now, nil)
	if err != nil {
		return identity.Files{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          number,
		Subject:               pkix.Name{Organization: []string{identity.TrustDomain}, CommonName: id.Name},
		NotBefore:             now.Add(-backdate),
		NotAfter:              end,
		URIs:                  []*url.URL{uri},
		DNSNames:              id.dnsNames(),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, rs.signs.cert, &key.PublicKey, rs.signs.key)
	if err != nil {
		return identity.Files{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return identity.Files{}, nil, err
	}
	keyPEM, err := encodeKey(key)
	return identity.Files{Cert: encodeCert(der), Key: keyPEM, CA: rs.bundle()}, leaf, err
}

// dnsNames are those of the certificate of id.
func (id Identity) dnsNames() []string {
	return append([]string{id.Name, id.Name + ".default.svc.cluster.local"}, id.DNS...)
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
