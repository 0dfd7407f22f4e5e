package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"shop/kit/cache/redis"
	"shop/kit/errs"
	"shop/kit/telemetry"
)

func TestEncryptedWithPassword(t *testing.T) {
	dir := t.TempDir()
	ca, trust := certify(t, dir, "ca", nil)
	certify(t, dir, "server", ca)
	certify(t, dir, "other-ca", nil)
	const user, password = "product", "a password"
	s := launch(t, []string{
		"port 0", "tls-port PORT", "tls-auth-clients no",
		"tls-cert-file " + dir + "/server.pem", "tls-key-file " + dir + "/server.key",
		"user default off", `user ` + user + ` on "` + ">" + password + `" ~product:* +get +eval +evalsha +set +ping +client +hello`,
	}, client.Options{Username: user, Password: password, TLSConfig: &tls.Config{RootCAs: trust}})

	right := redis.Config{Addrs: []string{s.addr}, Username: user, Password: password, TLS: true, CAFile: dir + "/ca.pem"}
	c := open(t, right, telemetry.Nop())
	put(t, c, laptop(1), true)
	get(t, c, laptop(1), true)
	put(t, c, grave(2), true)
	for name, change := range map[string]func(*redis.Config){
		"unencrypted":                 func(c *redis.Config) { c.TLS = false },
		"the system's certificates":   func(c *redis.Config) { c.CAFile = "" },
		"another's certificates":      func(c *redis.Config) { c.CAFile = dir + "/other-ca.pem" },
		"no password":                 func(c *redis.Config) { c.Username, c.Password = "", "" },
		"another password":            func(c *redis.Config) { c.Password = "guess" },
		"the password of nobody else": func(c *redis.Config) { c.Username = "" },
	} {
		cfg := right
		change(&cfg)
		if err := open(t, cfg, telemetry.Nop()).Ping(t.Context()); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// authority is a certificate with the key that signs for it.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// certify writes name.pem and name.key into dir: a certificate of 127.0.0.1 by
// ca, or an authority of its own without one.
func certify(t *testing.T, dir, name string, ca *authority) (*authority, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: ca == nil,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if ca == nil {
		ca = &authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, &key.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &authority{certificate, key}, pool
}
