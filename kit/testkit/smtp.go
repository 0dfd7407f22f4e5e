package testkit

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// MailServer is a real SMTP server on loopback that keeps what it accepts. It
// offers STARTTLS (its certificate is for 127.0.0.1) and takes any credentials.
type MailServer struct {
	Host  string
	Port  int
	Roots *x509.CertPool // Trusts the server's certificate.

	stop chan struct{}

	mu     sync.Mutex
	mails  []Mail
	logins []Login
	mode   MailMode
}

// Login is what a client authenticated with.
type Login struct{ Username, Password string }

// MailMode is what a MailServer does with a message.
type MailMode struct {
	Code   int // Refuse with this SMTP code, 4xx or 5xx; 0 = accept.
	Text   string
	AtRcpt bool // Refuse the recipient rather than the message.
	Drop   bool // Close the connection in the middle of the message.
	Hang   bool // Never answer the message.
}

// SMTP starts a MailServer that accepts everything.
func SMTP(t testing.TB) *MailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Nothing to cancel.
	if err != nil {
		t.Fatal("listen for SMTP:", err)
	}
	certificate, roots := loopbackCertificate()
	addr := l.Addr().(*net.TCPAddr)
	m := &MailServer{Host: addr.IP.String(), Port: addr.Port, Roots: roots, stop: make(chan struct{})}

	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &mailSession{server: m, conn: c}, nil
	}))
	s.Domain = "localhost"
	s.AllowInsecureAuth = true
	s.EnableSMTPUTF8 = true
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.ErrorLog = silentLog{} // Clients that vanish are what some tests are about.

	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(l) // Ends by Close, with smtp.ErrServerClosed.
	}()
	t.Cleanup(func() {
		close(m.stop)
		_ = s.Close()
		_ = l.Close() // The server does not know of it yet if the test was quicker.
		<-served
	})
	return m
}

// Use sets what happens to messages from now on; the zero MailMode accepts.
func (m *MailServer) Use(mode MailMode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mode = mode
}

// Mails returns what was accepted so far, oldest first.
func (m *MailServer) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Mail(nil), m.mails...)
}

// Logins returns the credentials clients have shown so far.
func (m *MailServer) Logins() []Login {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Login(nil), m.logins...)
}

func (m *MailServer) now() MailMode {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mode
}

// loopbackCertificate borrows the certificate that httptest keeps for 127.0.0.1.
func loopbackCertificate() (tls.Certificate, *x509.CertPool) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.TLS.Certificates[0], roots
}

type silentLog struct{}

func (silentLog) Printf(string, ...any) {}
func (silentLog) Println(...any)        {}

// mailSession is one client's conversation.
type mailSession struct {
	server *MailServer
	conn   *smtp.Conn
	mail   Mail
}

var _ smtp.AuthSession = (*mailSession)(nil)

func (s *mailSession) Reset()        { s.mail = Mail{} }
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.logins = append(s.server.logins, Login{username, password})
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.mail.From = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if mode := s.server.now(); mode.Code != 0 && mode.AtRcpt {
		return refusal(mode)
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	switch mode := s.server.now(); {
	case mode.Drop:
		return s.conn.Conn().Close()
	case mode.Hang:
		<-s.server.stop
		return s.conn.Conn().Close()
	case mode.Code != 0:
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
		return refusal(mode)
	}
	var err error
	if s.mail.Data, err = io.ReadAll(r); err != nil {
		return err
	}
	_, s.mail.TLS = s.conn.TLSConnectionState()
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

func refusal(mode MailMode) error {
	text := mode.Text
	if text == "" {
		text = "refused by the test"
	}
	return &smtp.SMTPError{Code: mode.Code, EnhancedCode: smtp.EnhancedCode{mode.Code / 100, 0, 0}, Message: text}
}
