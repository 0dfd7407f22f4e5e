// Package smtp sends messages as e-mail through the operator's mail server.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"shop/notification/domain"
	"shop/notification/ports"
)

// How a connection is protected.
const (
	NoTLS    = "none"     // Not at all; then there are no credentials either.
	StartTLS = "starttls" // Upgraded before anything else is said, or given up.
	TLS      = "tls"      // From the first byte (port 465).
)

// Config says how to reach the mail server.
type Config struct {
	Host     string
	Port     int
	Username string // "": the server wants no login.
	Password string
	From     string // "Shop <no-reply@example.com>"
	TLS      string
	Roots    *x509.CertPool // nil: those of the system.
}

// Channel is a ports.Channel over SMTP: one connection for each message, because
// a message that can't be told from the one before on a broken connection is
// sent twice.
type Channel struct {
	cfg  Config
	from *mail.Address
	now  func() time.Time
}

var _ ports.Channel = (*Channel)(nil)

// New returns the channel; it connects with the first message. now dates them.
func New(cfg Config, now func() time.Time) (*Channel, error) {
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("sender of e-mail: %w", err)
	}
	return &Channel{cfg: cfg, from: from, now: now}, nil
}

// Send as in ports.Channel. The receiver recognises a repetition by the
// Message-ID.
func (c *Channel) Send(ctx context.Context, m domain.Message) error {
	letter, err := c.letter(m)
	if err != nil {
		return err
	}
	line := &line{message: ctx, implicit: c.cfg.TLS == TLS, protection: c.protection()}
	defer line.cut()
	client, err := c.client(ctx, line)
	if err != nil {
		return domain.ErrUndelivered.With("reason", "the mail settings are wrong").Wrap(err)
	}
	err = client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() {
		return nil // Taken; how the goodbye went is no matter.
	}
	return c.undelivered(ctx, err)
}

// letter returns m as text and HTML.
func (c *Channel) letter(m domain.Message) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(m.Recipient)
	if err != nil || to.Address != m.Recipient {
		return nil, domain.Rejected("the e-mail address is not valid")
	}
	_, domainOfSender, _ := strings.Cut(c.from.Address, "@")
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	letter.FromMailAddress(c.from)
	letter.ToMailAddress(to)
	letter.Subject(m.Subject)
	letter.SetDateWithValue(c.now())
	letter.SetMessageIDWithValue(m.ID + "@" + domainOfSender)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // https://www.rfc-editor.org/rfc/rfc3834
	letter.SetGenHeader("Content-Language", string(m.Locale))
	letter.SetBodyString(gomail.TypeTextPlain, m.Text)
	letter.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return letter, nil
}

// client returns a client for one message over line.
func (c *Channel) client(ctx context.Context, line *line) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(c.cfg.Port),
		gomail.WithTimeout(remaining(ctx)),
		gomail.WithTLSConfig(line.protection),
		gomail.WithTLSPolicy(c.policy()),
		gomail.WithDialContextFunc(line.dial),
		gomail.WithoutNoop(),
	}
	if c.cfg.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(c.cfg.Username), gomail.WithPassword(c.cfg.Password))
	}
	return gomail.NewClient(c.cfg.Host, options...)
}

func (c *Channel) protection() *tls.Config {
	return &tls.Config{ServerName: c.cfg.Host, RootCAs: c.cfg.Roots, MinVersion: tls.VersionTLS12}
}

// policy returns what the library does about STARTTLS. For a connection that is
// encrypted already it looks (opportunistic), finds no offer and notes that
// credentials are safe.
func (c *Channel) policy() gomail.TLSPolicy {
	switch c.cfg.TLS {
	case StartTLS:
		return gomail.TLSMandatory
	case TLS:
		return gomail.TLSOpportunistic
	default:
		return gomail.NoTLS
	}
}

// longest bounds each step of a conversation whose context has no deadline.
const longest = time.Minute

func remaining(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(time.Until(deadline), time.Millisecond)
	}
	return longest
}

// undelivered says what became of a message that was not taken, without the
// server's own words: they repeat the recipient.
func (c *Channel) undelivered(ctx context.Context, err error) error {
	var refusal *gomail.SendError
	switch {
	case ctx.Err() != nil:
		return domain.Undelivered("the mail server did not answer in time", 0)
	case !errors.As(err, &refusal):
		return domain.ErrUndelivered.With("reason", "the mail server can't be used").Wrap(err)
	case refusal.ErrorCode() >= permanentCode:
		return domain.Rejected(answer(refusal))
	case refusal.ErrorCode() > 0:
		return domain.Undelivered(answer(refusal), 0)
	default:
		return domain.Undelivered("the mail server hung up", 0)
	}
}

const permanentCode = 500 // https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1

// answer is the server's answer as a number: "smtp 550 5.1.1".
func answer(refusal *gomail.SendError) string {
	return strings.TrimSpace("smtp " + strconv.Itoa(refusal.ErrorCode()) + " " + refusal.EnhancedStatusCode())
}
