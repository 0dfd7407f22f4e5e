package agent

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"time"

	"shop/mesh/identity"
)

// certificatePoll is how often certificates that are awaited are looked for.
const certificatePoll = 200 * time.Millisecond

// awaitCertificates returns when the workload has a certificate that others
// would accept, and an edge the one that its clients see.
func (a *Agent) awaitCertificates(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, a.o.CertsTime, fmt.Errorf("not within %s", a.o.CertsTime))
	defer cancel()
	again := time.NewTicker(certificatePoll)
	defer again.Stop()
	said := ""
	for {
		err := a.loadCertificates()
		if err == nil {
			return nil
		}
		if err.Error() != said {
			said = err.Error()
			a.o.Log.Info("waiting for certificates", "reason", said)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for certificates: %w: %w", context.Cause(ctx), err)
		case <-again.C:
		}
	}
}

func (a *Agent) loadCertificates() error {
	if a.o.Certs != "" {
		b, err := identity.Load(a.o.Certs, a.o.Workload, time.Now())
		if err != nil {
			return err
		}
		a.status.certificate(b)
	}
	if a.o.Public != "" {
		// Whether clients accept it is between them and who issued it: one that has
		// expired is served all the same.
		_, err := tls.LoadX509KeyPair(filepath.Join(a.o.Public, "tls.crt"), filepath.Join(a.o.Public, "tls.key"))
		if err != nil {
			return fmt.Errorf("certificate of the public side: %w", err)
		}
	}
	return nil
}

// certificates tells of what happens to the workload's certificate. (Envoy
// follows the files by itself.)
type certificates struct {
	files  identity.Files // As they were looked at last,
	end    time.Time      // and what they are good until.
	serial string         // Of the last good one.
	said   string         // The last complaint.
}

// look sees whether the certificate has changed.
func (c *certificates) look(a *Agent) {
	if a.o.Certs == "" {
		return
	}
	now := time.Now()
	files, err := identity.Read(a.o.Certs)
	if err == nil && files.Equal(c.files) && now.Before(c.end) {
		return
	}
	var b identity.Bundle
	if err == nil {
		b, err = files.Check(a.o.Workload, now)
	}
	if err != nil {
		c.end = time.Time{}
		a.status.certificateBad.Store(true)
		if err.Error() != c.said {
			c.said = err.Error()
			a.o.Log.Error("the certificate can't be used; Envoy serves with the one it has", "error", c.said)
		}
		return
	}
	serial := fmt.Sprintf("%x", b.Leaf.SerialNumber)
	if c.serial != "" && serial != c.serial {
		a.status.renewals.Add(1)
		a.o.Log.Info("certificate renewed", "serial", serial, "not_after", b.Leaf.NotAfter)
	} else if c.said != "" {
		a.o.Log.Info("the certificate is good again", "serial", serial, "not_after", b.Leaf.NotAfter)
	}
	c.files, c.end, c.serial, c.said = files, b.Leaf.NotAfter, serial, ""
	a.status.certificate(b)
}
