package identity

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Files are the contents of an identity's directory.
type Files struct{ Cert, Key, CA []byte }

// Equal reports whether f and g are the same to the byte.
func (f Files) Equal(g Files) bool {
	return bytes.Equal(f.Cert, g.Cert) && bytes.Equal(f.Key, g.Key) && bytes.Equal(f.CA, g.CA)
}

// Read reads the files of dir. Where dir has the layout that Write makes, all
// three are of one generation.
func Read(dir string) (Files, error) {
	current, err := os.Readlink(filepath.Join(dir, dataLink))
	switch {
	case err == nil:
		dir = filepath.Join(dir, current)
	case !errors.Is(err, fs.ErrNotExist):
		return Files{}, fmt.Errorf("follow the link to the certificates: %w", err)
	}
	var f Files
	for _, file := range []struct {
		name    string
		content *[]byte
	}{{CertFile, &f.Cert}, {KeyFile, &f.Key}, {CAFile, &f.CA}} {
		if *file.content, err = os.ReadFile(filepath.Join(dir, file.name)); err != nil { //nolint:gosec // The operator's own directory.
			return Files{}, err
		}
	}
	return f, nil
}

// Bundle is a leaf whose key is there, and the roots that came with it.
type Bundle struct {
	Leaf  *x509.Certificate
	Roots []*x509.Certificate
}

// Parse returns what the files hold. A key that belongs to another certificate
// and files without PEM are errors.
func (f Files) Parse() (Bundle, error) {
	pair, err := tls.X509KeyPair(f.Cert, f.Key)
	if err != nil {
		return Bundle{}, fmt.Errorf("%s and %s: %w", CertFile, KeyFile, err)
	}
	roots, err := ParseCertificates(f.CA)
	if err != nil {
		return Bundle{}, fmt.Errorf("%s: %w", CAFile, err)
	}
	return Bundle{Leaf: pair.Leaf, Roots: roots}, nil
}

// ParseCertificates returns the certificates of a PEM file, at least one.
func ParseCertificates(src []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for rest := src; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a %s beside certificates", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("holds no certificate")
	}
	return list, nil
}

// Verify says why the others would refuse the bundle as the workload called name
// at the moment now; name "" is any.
func (b Bundle) Verify(name string, now time.Time) error {
	if name != "" && !slices.ContainsFunc(b.URIs(), func(uri string) bool { return uri == URI(name) }) {
		return fmt.Errorf("the certificate is for %q, not for %s", b.URIs(), URI(name))
	}
	roots := x509.NewCertPool()
	for _, r := range b.Roots {
		roots.AddCert(r)
	}
	_, err := b.Leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}

// URIs returns the URI names of the leaf.
func (b Bundle) URIs() []string {
	uris := make([]string, len(b.Leaf.URIs))
	for i, u := range b.Leaf.URIs {
		uris[i] = u.String()
	}
	return uris
}

// Check parses f and verifies it for name at now. The bundle is there whenever f
// could be parsed, also beside an error.
func (f Files) Check(name string, now time.Time) (Bundle, error) {
	b, err := f.Parse()
	if err != nil {
		return Bundle{}, err
	}
	return b, b.Verify(name, now)
}

// Load reads dir and checks it for name at now: without an error, what stands in
// dir would be accepted by others.
func Load(dir, name string, now time.Time) (Bundle, error) {
	files, err := Read(dir)
	if err != nil {
		return Bundle{}, err
	}
	b, err := files.Check(name, now)
	if err != nil {
		return b, fmt.Errorf("%s: %w", dir, err)
	}
	return b, nil
}
