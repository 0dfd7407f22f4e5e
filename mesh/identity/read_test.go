package identity_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shop/mesh/identity"
)

func TestWhatOthersWouldRefuseIsNamed(t *testing.T) {
	list := certificates(t, 2)
	one, other := list[0], list[1]
	for name, c := range map[string]struct {
		files identity.Files
		as    string
		at    time.Time
		want  string // Part of the error; "" = none.
	}{
		"good":                 {files: one, as: "user"},
		"good for anybody":     {files: one},
		"another's name":       {files: one, as: "product", want: `is for ["spiffe://shop.local/ns/default/sa/user"]`},
		"another's key":        {files: identity.Files{Cert: one.Cert, Key: other.Key, CA: one.CA}, as: "user", want: "private key does not match"},
		"another's root":       {files: identity.Files{Cert: one.Cert, Key: one.Key, CA: other.CA}, as: "user", want: "unknown authority"},
		"both roots":           {files: identity.Files{Cert: one.Cert, Key: one.Key, CA: append(append([]byte{}, other.CA...), one.CA...)}, as: "user"},
		"no root":              {files: identity.Files{Cert: one.Cert, Key: one.Key}, as: "user", want: "ca.crt: holds no certificate"},
		"a key as root":        {files: identity.Files{Cert: one.Cert, Key: one.Key, CA: one.Key}, as: "user", want: "ca.crt: holds a PRIVATE KEY"},
		"no certificate":       {files: identity.Files{Key: one.Key, CA: one.CA}, as: "user", want: "tls.crt and tls.key"},
		"expired":              {files: one, as: "user", at: time.Now().Add(25 * time.Hour), want: "expired"},
		"not valid yet":        {files: one, as: "user", at: time.Now().Add(-time.Hour), want: "not yet valid"},
		"a root that is noise": {files: identity.Files{Cert: one.Cert, Key: one.Key, CA: []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}, as: "user", want: "ca.crt: x509"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, identity.Write(dir, c.files, identity.Owner{}, time.Now()))
			if c.at.IsZero() {
				c.at = time.Now()
			}
			_, err := identity.Load(dir, c.as, c.at)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestPlainFilesAreReadToo(t *testing.T) {
	dir := t.TempDir()
	files := certificates(t, 1)[0]
	if _, err := identity.Load(dir, "user", time.Now()); err == nil {
		t.Error("an empty directory has no error")
	}
	for name, content := range map[string][]byte{identity.CertFile: files.Cert, identity.KeyFile: files.Key, identity.CAFile: files.CA} {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	_, err := identity.Load(dir, "user", time.Now())
	must(t, err)
}
