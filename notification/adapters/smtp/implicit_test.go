package smtp_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// implicitTLS starts a mail server that is encrypted from the first byte, as on
// port 465, and wants a login. Each message it takes is told as "username
// password sender recipient".
func implicitTLS(t *testing.T) (port int, roots *x509.CertPool, taken <-chan string) {
	t.Helper()
	lender := httptest.NewTLSServer(nil) // Has a certificate for 127.0.0.1.
	defer lender.Close()
	roots = x509.NewCertPool()
	roots.AddCert(lender.Certificate())
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: lender.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	messages := make(chan string, 1)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{taken: messages}, nil
	}))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // Ends by Close.
	}()
	t.Cleanup(func() {
		_ = server.Close()
		_ = l.Close() // The server does not know of it yet if the test was quicker.
		<-ended
	})
	return l.Addr().(*net.TCPAddr).Port, roots, messages
}

type session struct {
	taken               chan<- string
	login, sender, rcpt string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		s.login = username + " " + password
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.login == "" {
		return smtp.ErrAuthRequired
	}
	s.sender = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.rcpt = to; return nil }

func (s *session) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.taken <- s.login + " " + s.sender + " " + s.rcpt
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
