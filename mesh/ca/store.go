package ca

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"shop/mesh/identity"
)

// Files of a root: root-<serial>.crt and .key. The certificate is written last and
// removed first: a key alone is no root.
const (
	temporary  = ".new-"
	rootPrefix = "root-"
	certEnding = ".crt"
	keyEnding  = ".key"
)

// readRoots returns the roots on disk, oldest first. A root that can't be read
// is an error: another in its place would cut off everybody.
func (a *Authority) readRoots() ([]root, error) {
	paths, err := filepath.Glob(filepath.Join(a.o.Root, rootPrefix+"*"+certEnding))
	if err != nil {
		return nil, err
	}
	var list []root
	for _, path := range paths {
		r, err := readRoot(strings.TrimSuffix(path, certEnding))
		if err != nil {
			return nil, fmt.Errorf("root %s: %w", path, err)
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b root) int { return a.cert.SerialNumber.Cmp(b.cert.SerialNumber) })
	return list, nil
}

func readRoot(file string) (root, error) {
	src, err := os.ReadFile(file + certEnding) //nolint:gosec // The operator's own directory.
	if err != nil {
		return root{}, err
	}
	certs, err := identity.ParseCertificates(src)
	if err != nil {
		return root{}, err
	}
	src, err = os.ReadFile(file + keyEnding) //nolint:gosec // As above.
	if err != nil {
		return root{}, err
	}
	block, _ := pem.Decode(src)
	if block == nil {
		return root{}, errors.New("the key file holds no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return root{}, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(certs[0].PublicKey) {
		return root{}, errors.New("the key is not the certificate's")
	}
	return root{cert: certs[0], key: key, file: file}, nil
}

// tidy removes keys without a certificate and files that were never finished.
// The caller has the lock, so nobody is writing them.
func (a *Authority) tidy() error {
	entries, err := os.ReadDir(a.o.Root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(a.o.Root, e.Name())
		unfinished := strings.HasPrefix(e.Name(), temporary)
		if strings.HasPrefix(e.Name(), rootPrefix) && strings.HasSuffix(path, keyEnding) {
			_, err := os.Stat(strings.TrimSuffix(path, keyEnding) + certEnding)
			unfinished = errors.Is(err, fs.ErrNotExist)
		}
		if unfinished {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeFile writes a file that is whole or not there.
func writeFile(path string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
