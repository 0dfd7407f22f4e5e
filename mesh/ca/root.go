package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"shop/mesh/identity"
)

// backdate is how long before its making a certificate is valid, for machines
// whose clocks are behind.
const backdate = time.Minute

// root is a certificate that signs leaves.
type root struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // Path without the ending.
}

func (r root) created() time.Time { return r.cert.NotBefore.Add(backdate) }

// roots are what is in use at a moment.
type roots struct {
	signs   root
	trusted []root // With the one that signs, which comes first.
	gone    []root // Not needed any more.
}

// choose says what each of the roots in list, oldest first and at least one, is
// good for at the moment now. A new root is trusted at once, and signs when
// everybody has had the time overlap to learn of it. The old one is trusted for an
// overlap more, in which the last of its leaves expires.
func choose(list []root, now time.Time, overlap time.Duration) roots {
	signs := 0
	for i, r := range list {
		if expired := now.After(list[signs].cert.NotAfter); expired || !now.Before(r.created().Add(overlap)) {
			signs = i
		}
	}
	chosen := roots{signs: list[signs], trusted: []root{list[signs]}}
	settled := now.After(list[signs].created().Add(2 * overlap))
	for i, r := range list {
		switch {
		case i == signs:
		case now.After(r.cert.NotAfter), i < signs && settled:
			chosen.gone = append(chosen.gone, r)
		default:
			chosen.trusted = append(chosen.trusted, r)
		}
	}
	return chosen
}

// bundle returns the trusted roots as a file.
func (r roots) bundle() []byte {
	var out []byte
	for _, t := range r.trusted {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: t.cert.Raw})...)
	}
	return out
}

// loadRoots reads the roots, makes one where there is none or the newest has
// less than a third of its life left, and removes those that nobody needs.
func (a *Authority) loadRoots() (roots, error) {
	list, err := a.readRoots()
	if err != nil {
		return roots{}, err
	}
	if err := a.tidy(); err != nil {
		return roots{}, fmt.Errorf("remove what an interrupted change left: %w", err)
	}
	now := a.o.Now()
	if len(list) == 0 || now.After(dueAt(list[len(list)-1].cert)) {
		made, err := a.newRoot(list)
		if err != nil {
			return roots{}, err
		}
		list = append(list, made)
	}
	chosen := choose(list, now, a.o.Life)
	for _, r := range chosen.gone {
		if err := errors.Join(os.Remove(r.file+certEnding), os.Remove(r.file+keyEnding)); err != nil { // In this order: see tidy.
			return roots{}, fmt.Errorf("remove an old root: %w", err)
		}
		a.o.Log.Info("old root removed", "serial", serial(r.cert))
	}
	a.o.Metrics.roots(chosen)
	return chosen, nil
}

// newRoot makes a root that is younger than those in list, and writes it.
func (a *Authority) newRoot(list []root) (root, error) {
	var last *x509.Certificate
	if len(list) > 0 {
		last = list[len(list)-1].cert
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return root{}, err
	}
	now := a.o.Now()
	number, err := newSerial(now, last)
	if err != nil {
		return root{}, err
	}
	id := fmt.Sprintf("%032x", number)
	template := &x509.Certificate{
		SerialNumber: number,
		// Told apart by name too: a chain is looked for by the issuer's name.
		Subject:               pkix.Name{Organization: []string{identity.TrustDomain}, CommonName: "mesh root " + id[24:]},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(a.o.RootLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return root{}, fmt.Errorf("make a root: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return root{}, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return root{}, err
	}
	r := root{cert: cert, key: key, file: filepath.Join(a.o.Root, rootPrefix+id)}
	if err := writeFile(r.file+keyEnding, keyPEM, 0o600); err != nil {
		return root{}, fmt.Errorf("write a root: %w", err)
	}
	if err := writeFile(r.file+certEnding, encodeCert(der), 0o644); err != nil {
		return root{}, errors.Join(fmt.Errorf("write a root: %w", err), os.Remove(r.file+keyEnding))
	}
	a.o.Log.Info("new root", "serial", serial(cert), "not_after", cert.NotAfter)
	return r, nil
}
