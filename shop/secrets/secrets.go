// Package secrets makes what only the parts of a deployed shop may know: keys and
// passwords, each in a file of its own that one part reads. There is no default:
// what is missing is made from random bytes, and what is there is never changed.
//
// The files lie as OWNER/NAME, so that every owner can be given its own directory
// and nobody else's: a volume in Compose, a Secret in Kubernetes.
package secrets

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	randomBytes = 32
	// shortest is what a secret of other origin must have, in bytes.
	shortest = 32
	// fewest different characters: a long one of few letters is none.
	fewest = 10
	// plain are the characters that mean nothing else anywhere.
	plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// Options say where the secrets lie, and whose they are.
type Options struct {
	Dir string // Required.
	// Own gives every file to the user that reads it in Compose; needs root.
	// Otherwise they are of who runs this.
	Own bool
}

// Make makes what is missing and returns its paths below Dir, in a fixed order.
// The error has every fault in a line of its own: a secret that is too weak, one
// that doesn't fit another, a file that can't be read or written. With a fault
// nothing is made.
func Make(o Options) (made []string, err error) {
	if o.Dir == "" {
		return nil, errors.New("secrets: no directory for them")
	}
	have, err := o.read()
	if err != nil {
		return nil, err
	}
	want, err := complete(have)
	if err != nil {
		return nil, err
	}
	if err := o.directories(); err != nil {
		return nil, err
	}
	for _, f := range files {
		if _, there := have[f.path]; there {
			continue
		}
		if err := o.write(f, want[f.path]); err != nil {
			return made, fmt.Errorf("secrets: %w", err)
		}
		made = append(made, f.path)
	}
	return made, nil
}

// read returns the secrets that are there, by path.
func (o Options) read() (map[string]string, error) {
	have := map[string]string{}
	var faults []error
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(o.Dir, f.path))
		switch {
		case err == nil:
			have[f.path] = string(bytes.TrimSpace(text))
		case !errors.Is(err, fs.ErrNotExist):
			faults = append(faults, fmt.Errorf("secrets: %w", err))
		}
	}
	return have, errors.Join(faults...)
}

// complete returns all secrets: those that are there, new ones, and what follows
// from them.
func complete(have map[string]string) (map[string]string, error) {
	want := map[string]string{}
	var faults []error
	for _, f := range files {
		value, there := have[f.path]
		switch {
		case f.from == "" && there:
			if rule := f.weak(value); rule != "" {
				faults = append(faults, fmt.Errorf("secrets: %s %s; remove it, and a new one is made", f.path, rule))
			}
		case f.from == "":
			value = random()
		default:
			if _, known := have[f.from]; there && !known {
				faults = append(faults, fmt.Errorf("secrets: %s was made from %s, which is gone; bring that back, or remove both", f.path, f.from))
				continue
			}
			follows := f.text(want[f.from])
			if there && value != follows {
				faults = append(faults, fmt.Errorf("secrets: %s does not fit %s; remove it, and it is made again", f.path, f.from))
			}
			value = follows
		}
		want[f.path] = value
	}
	return want, errors.Join(faults...)
}

// weak says what is wrong with a secret that somebody chose; "" is nothing.
func (f file) weak(value string) string {
	different := map[rune]bool{}
	for _, r := range value {
		different[r] = true
	}
	switch {
	case len(value) < shortest:
		return fmt.Sprintf("has %d bytes, fewer than %d", len(value), shortest)
	case len(different) < fewest:
		return fmt.Sprintf("has only %d different characters", len(different))
	case !f.key && strings.Trim(value, plain) != "":
		return "has other characters than letters, digits, - and _"
	}
	return ""
}

func random() string {
	b := make([]byte, randomBytes)
	_, _ = rand.Read(b) // It ends the program rather than fail.
	return base64.RawURLEncoding.EncodeToString(b)
}
