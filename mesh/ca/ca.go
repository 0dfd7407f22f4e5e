// Package ca is a small certificate authority for development and for Compose: it
// keeps a root and gives every workload of the mesh a directory with a short-lived
// certificate, its key and the roots to trust, and renews them in time. In
// Kubernetes cert-manager takes its place with the same files.
package ca

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"shop/mesh/identity"
)

// Defaults of Options.
const (
	DefaultLife     = 24 * time.Hour
	DefaultRootLife = 10 * 365 * 24 * time.Hour
)

// Limits of Options. A leaf that lives shorter could not be renewed in time by a
// machine that is busy.
const (
	MinLife = 5 * time.Second
	MaxLife = 90 * 24 * time.Hour
)

// Identity is a workload that gets a certificate. Its DNS names are its own name,
// that name as Kubernetes knows it, and DNS.
type Identity struct {
	Name string
	DNS  []string
}

// Options say for whom certificates are made and where they go.
type Options struct {
	Dir        string        // One directory for each identity in it. Required.
	Root       string        // Of the root's certificate and key; "" = .root in Dir.
	Identities []Identity    // At least one.
	Life       time.Duration // Of a leaf; 0 = DefaultLife.
	RootLife   time.Duration // 0 = DefaultRootLife; at least ten times Life.
	Owner      identity.Owner
	Now        func() time.Time // nil = time.Now.
	Log        *slog.Logger     // nil = none.
	Metrics    *Metrics         // nil = none.
}

// Authority issues certificates. Several may work on the same directories, also
// in several processes: they take turns.
type Authority struct {
	o    Options
	lock string // File that whoever changes something holds.
}

// New checks o. Nothing is read or written yet.
func New(o Options) (*Authority, error) {
	if o.Life == 0 {
		o.Life = DefaultLife
	}
	if o.RootLife == 0 {
		o.RootLife = DefaultRootLife
	}
	if o.Root == "" {
		o.Root = filepath.Join(o.Dir, ".root")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var faults []error
	if o.Dir == "" {
		faults = append(faults, errors.New("no directory for the certificates"))
	}
	if o.Life < MinLife || o.Life > MaxLife {
		faults = append(faults, fmt.Errorf("the life of a certificate is %s, not from %s to %s", o.Life, MinLife, MaxLife))
	}
	if o.RootLife < 10*o.Life {
		faults = append(faults, fmt.Errorf("the root's life of %s is less than ten times that of a certificate, %s", o.RootLife, o.Life))
	}
	if len(o.Identities) == 0 {
		faults = append(faults, errors.New("no identity to make a certificate for"))
	}
	var seen []string
	for _, id := range o.Identities {
		if err := identity.CheckName(id.Name); err != nil {
			faults = append(faults, err)
		}
		if slices.Contains(seen, id.Name) {
			faults = append(faults, fmt.Errorf("identity %s is given twice", id.Name))
		}
		seen = append(seen, id.Name)
	}
	return &Authority{o: o, lock: filepath.Join(o.Root, "lock")}, errors.Join(faults...)
}

// Once issues what is due now: the root when there is none, and the certificates
// that are missing, damaged, old, under another name or root. Nothing that is good
// is touched. A failure of one identity doesn't keep others from theirs.
func (a *Authority) Once(ctx context.Context) error {
	return a.exclusively(ctx, func() error {
		roots, err := a.loadRoots()
		if err != nil {
			return err
		}
		var failed []error
		for _, id := range a.o.Identities {
			failed = append(failed, a.refresh(id, roots))
		}
		return errors.Join(failed...)
	})
}

// RotateRoot makes a new root. Everybody trusts it from the next pass on; after
// the life of a leaf it signs, and after one more the old one goes.
func (a *Authority) RotateRoot(ctx context.Context) error {
	return a.exclusively(ctx, func() error {
		list, err := a.readRoots()
		if err == nil {
			_, err = a.newRoot(list)
		}
		return err
	})
}

// Check says which identities don't have what others would accept.
func (a *Authority) Check() error {
	var failed []error
	for _, id := range a.o.Identities {
		_, err := identity.Load(a.dir(id), id.Name, a.o.Now())
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (a *Authority) dir(id Identity) string { return filepath.Join(a.o.Dir, id.Name) }

// exclusively runs do while nobody else works on the same root.
func (a *Authority) exclusively(ctx context.Context, do func() error) (err error) {
	// The root may be in the identities' directory, which others enter.
	if err := os.MkdirAll(a.o.Dir, 0o755); err != nil { //nolint:gosec // There is nothing but identities in it, each with its own mode.
		return fmt.Errorf("directory of the certificates: %w", err)
	}
	if err := os.MkdirAll(a.o.Root, 0o700); err != nil {
		return fmt.Errorf("directory of the root: %w", err)
	}
	lock := flock.New(a.lock, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return fmt.Errorf("wait for another authority: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return do()
}

// lockPoll is how often a taken lock is tried.
const lockPoll = 50 * time.Millisecond
