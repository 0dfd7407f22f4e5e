package sqldb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shop/kit/sqldb"
	"shop/kit/testkit"
)

// TestEncryptedConnections on a server that talks to nobody in the clear and has
// a certificate of its own authority.
func TestEncryptedConnections(t *testing.T) {
	server := privatePostgres(t)
	authority, certificate, key := certificates(t)
	foreign, _, _ := certificates(t)
	encrypt(t, server.URL(), certificate, key)

	for name, tc := range map[string]struct {
		options url.Values
		ca      string
		host    string // "" = 127.0.0.1.
		want    string // Of the error; "" = none.
	}{
		"verified":                          {url.Values{"sslmode": {"verify-full"}, "sslrootcert": {authority}}, "", "", ""},
		"verified by the authority only":    {url.Values{"sslmode": {"verify-ca"}, "sslrootcert": {authority}}, "", "", ""},
		"encrypted":                         {url.Values{"sslmode": {"require"}}, "", "", ""},
		"as it comes":                       {url.Values{}, "", "", ""},
		"another authority":                 {url.Values{"sslmode": {"verify-full"}, "sslrootcert": {foreign}}, "", "", "certificate signed by unknown authority"},
		"an authority that is missing":      {url.Values{"sslmode": {"verify-full"}, "sslrootcert": {"/nowhere.pem"}}, "", "", "/nowhere.pem"},
		"in the clear":                      {url.Values{"sslmode": {"disable"}}, "", "", "no encryption"},
		"with the authority":                {url.Values{}, authority, "", ""},
		"with another authority":            {url.Values{}, foreign, "", "certificate signed by unknown authority"},
		"with the authority, another name":  {url.Values{}, authority, "localhost", "localhost"},
		"with an authority that is missing": {url.Values{}, "/nowhere.pem", "", "/nowhere.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(server.URL())
			must(t, err)
			password, _ := u.User.Password()
			u.Scheme, u.RawQuery = "postgresql+psycopg2", tc.options.Encode()
			if tc.host != "" {
				u.Host = net.JoinHostPort(tc.host, u.Port())
			}
			db, err := sqldb.Open(t.Context(), u.String(), sqldb.Options{CAFile: tc.ca})
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), password) {
					t.Fatalf("got %v, want %q and no password", err, tc.want)
				}
				oneLine(t, err)
				return
			}
			must(t, err)
			var encrypted bool
			must(t, db.Get(t.Context(), &encrypted, `SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`))
			if !encrypted {
				t.Error("the connection is not encrypted")
			}
			must(t, db.Close())
		})
	}
}

// certificates returns an authority's certificate, as a file, and the certificate
// and key of a server on 127.0.0.1 that it has signed.
func certificates(t *testing.T) (authority, certificate, key string) {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	must(t, err)
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, ca, serverKey.Public(), caKey)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(serverKey)
	must(t, err)

	file := filepath.Join(t.TempDir(), "authority.pem")
	must(t, os.WriteFile(file, pemOf("CERTIFICATE", caDER), 0o600))
	return file, string(pemOf("CERTIFICATE", serverDER)), string(pemOf("PRIVATE KEY", keyDER))
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// encrypt makes the server use TLS and refuse everything else. The server writes
// the files itself: it may run as another user.
func encrypt(t *testing.T, serverURL, certificate, key string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), serverURL, sqldb.Options{})
	must(t, err)
	defer db.Close()
	for file, text := range map[string]string{
		"server.crt": certificate, "server.key": key, "pg_hba.conf": "hostssl all all 127.0.0.1/32 scram-sha-256\n",
	} {
		_, err := db.Exec(t.Context(), `DO $do$ BEGIN COPY (SELECT unnest(string_to_array('`+strings.TrimSpace(text)+`', E'\n')))
			TO PROGRAM 'umask 077; cat > `+file+`'; END $do$`)
		must(t, err)
	}
	_, err = db.Exec(t.Context(), `ALTER SYSTEM SET ssl = on`)
	must(t, err)
	var loaded bool
	must(t, db.Get(t.Context(), &loaded, `SELECT pg_reload_conf()`))
	testkit.Eventually(t, 10*time.Second, func() error {
		encrypted, err := sqldb.Open(t.Context(), serverURL[:strings.Index(serverURL, "?")]+"?sslmode=require", sqldb.Options{})
		if err != nil {
			return err
		}
		return encrypted.Close()
	})
}

func TestWhereAnAuthorityHasAMeaning(t *testing.T) {
	for url, want := range map[string]bool{
		"postgresql://a:b@host/name":                       true,
		"postgresql://a:b@host/name?application_name=shop": true,
		"postgresql://a:b@host/name?sslmode=disable":       false,
		"postgresql://a:b@host/name?sslrootcert=/ca.pem":   false,
		"sqlite:///./shop.db":                              false,
		"nonsense":                                         false,
	} {
		if got := sqldb.TakesCA(url); got != want {
			t.Errorf("%s: got %v, want %v", url, got, want)
		}
	}
}
