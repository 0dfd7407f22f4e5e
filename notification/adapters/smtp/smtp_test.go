package smtp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/testkit"
	"shop/notification/adapters/channeltest"
	"shop/notification/adapters/smtp"
	"shop/notification/domain"
)

const recipient = "an@example.com"

func config(server *testkit.MailServer) smtp.Config {
	return smtp.Config{
		Host: server.Host, Port: server.Port, From: "Shop <no-reply@shop.example>", TLS: smtp.NoTLS, Roots: server.Roots,
	}
}

func channel(t *testing.T, cfg smtp.Config) *smtp.Channel {
	t.Helper()
	c, err := smtp.New(cfg, testkit.NewClock(time.Time{}).Now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, recipient, func(t *testing.T) channeltest.Rig {
		server := testkit.SMTP(t)
		return channeltest.Rig{
			Channel: channel(t, config(server)),
			Received: func(t *testing.T) (all []channeltest.Receipt) {
				for _, mail := range server.Mails() {
					text, err := mail.Part("text/plain")
					if err != nil {
						t.Error(err)
					}
					all = append(all, channeltest.Receipt{
						Identity: mail.Header("Message-ID"), Recipient: strings.Join(mail.To, ","),
						Content: mail.Header("Subject") + "\n" + text,
					})
				}
				return all
			},
			Refuse:   func() { server.Use(testkit.MailMode{Code: 550, Text: "no such user an@example.com"}) },
			Postpone: func() { server.Use(testkit.MailMode{Code: 451, Text: "try again an@example.com"}) },
			Hang:     func() { server.Use(testkit.MailMode{Hang: true}) },
			Vanish:   func() { server.Use(testkit.MailMode{Drop: true}) },
		}
	})
}

func TestTheLetter(t *testing.T) {
	server := testkit.SMTP(t)
	m := channeltest.Message(recipient)
	if err := channel(t, config(server)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	mail := server.Mails()[0]
	for header, want := range map[string]string{
		"From":             `"Shop" <no-reply@shop.example>`,
		"To":               "<an@example.com>",
		"Subject":          "Xác nhận đơn hàng #7",
		"Message-ID":       "<" + m.ID + "@shop.example>",
		"Date":             "Sat, 14 Mar 2026 15:09:26 +0000",
		"Auto-Submitted":   "auto-generated",
		"Content-Language": "vi",
		"Bcc":              "",
		"User-Agent":       "",
	} {
		if got := mail.Header(header); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
	if mail.From != "no-reply@shop.example" || len(mail.To) != 1 || mail.To[0] != recipient {
		t.Errorf("envelope: from %q to %q", mail.From, mail.To)
	}
	for kind, want := range map[string]string{"text/plain": m.Text, "text/html": m.HTML} {
		if got, err := mail.Part(kind); err != nil || strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s: got %q, %v, want %q", kind, got, err, want)
		}
	}
	if !strings.Contains(mail.Header("Content-Type"), "multipart/alternative") {
		t.Errorf("content type: got %q", mail.Header("Content-Type"))
	}
}

func TestEncryptionAndLogin(t *testing.T) {
	server := testkit.SMTP(t)
	cfg := config(server)
	cfg.TLS, cfg.Username, cfg.Password = smtp.StartTLS, "shop", "s3cret"
	if err := channel(t, cfg).Send(t.Context(), channeltest.Message(recipient)); err != nil {
		t.Fatal(err)
	}
	if mails := server.Mails(); len(mails) != 1 || !mails[0].TLS {
		t.Errorf("mails: %+v, want one that came encrypted", mails)
	}
	if logins := server.Logins(); len(logins) != 1 || logins[0] != (testkit.Login{Username: "shop", Password: "s3cret"}) {
		t.Errorf("logins: %+v", logins)
	}
	t.Run("not without trust in the certificate", func(t *testing.T) {
		cfg := cfg
		cfg.Roots = nil
		err := channel(t, cfg).Send(t.Context(), channeltest.Message(recipient))
		if !errors.Is(err, domain.ErrUndelivered) {
			t.Errorf("got %v, want ErrUndelivered", err)
		}
	})
	t.Run("no credentials in the clear", func(t *testing.T) {
		cfg := cfg
		cfg.TLS = smtp.NoTLS
		before := len(server.Logins())
		if err := channel(t, cfg).Send(t.Context(), channeltest.Message(recipient)); !errors.Is(err, domain.ErrUndelivered) {
			t.Errorf("got %v, want ErrUndelivered", err)
		}
		if len(server.Logins()) != before {
			t.Error("the password was sent in the clear")
		}
	})
}

func TestEncryptedFromTheFirstByte(t *testing.T) {
	port, roots, taken := implicitTLS(t)
	cfg := smtp.Config{
		Host: "127.0.0.1", Port: port, From: "no-reply@shop.example", TLS: smtp.TLS, Roots: roots,
		Username: "shop", Password: "s3cret",
	}
	if err := channel(t, cfg).Send(t.Context(), channeltest.Message(recipient)); err != nil {
		t.Fatal(err)
	}
	if got := <-taken; got != "shop s3cret no-reply@shop.example "+recipient {
		t.Errorf("got %q", got)
	}
	t.Run("not to a server that speaks in the clear", func(t *testing.T) {
		cfg := config(testkit.SMTP(t))
		cfg.TLS = smtp.TLS
		if err := channel(t, cfg).Send(t.Context(), channeltest.Message(recipient)); !errors.Is(err, domain.ErrUndelivered) {
			t.Errorf("got %v, want ErrUndelivered", err)
		}
	})
}

func TestFaultsOfTheServer(t *testing.T) {
	tests := map[string]struct {
		mode   testkit.MailMode
		reason string
		code   *errs.Error
	}{
		"the recipient is unknown":      {testkit.MailMode{Code: 550, AtRcpt: true, Text: recipient}, "smtp 550 5.0.0", domain.ErrRejected},
		"the recipient is greylisted":   {testkit.MailMode{Code: 450, AtRcpt: true, Text: recipient}, "smtp 450 4.0.0", domain.ErrUndelivered},
		"the message is refused":        {testkit.MailMode{Code: 554, Text: recipient}, "smtp 554 5.0.0", domain.ErrRejected},
		"the server is too busy":        {testkit.MailMode{Code: 452, Text: recipient}, "smtp 452 4.0.0", domain.ErrUndelivered},
		"the server hangs up in a mail": {testkit.MailMode{Drop: true}, "the mail server hung up", domain.ErrUndelivered},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := testkit.SMTP(t)
			server.Use(tt.mode)
			err := channel(t, config(server)).Send(t.Context(), channeltest.Message(recipient))
			if !errors.Is(err, tt.code) || errs.Of(err).Params["reason"] != tt.reason {
				t.Errorf("got %v, want %s with reason %q", err, tt.code.Code, tt.reason)
			}
			if strings.Contains(err.Error(), recipient) {
				t.Errorf("the error tells the recipient: %v", err)
			}
		})
	}
	t.Run("nobody is there", func(t *testing.T) {
		cfg := smtp.Config{Host: "127.0.0.1", Port: testkit.FreePort(t), From: "a@b.example", TLS: smtp.NoTLS}
		if err := channel(t, cfg).Send(t.Context(), channeltest.Message(recipient)); !errors.Is(err, domain.ErrUndelivered) {
			t.Errorf("got %v, want ErrUndelivered", err)
		}
	})
	t.Run("a server that never greets", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		cfg := smtp.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, From: "a@b.example", TLS: smtp.NoTLS}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := channel(t, cfg).Send(ctx, channeltest.Message(recipient)); !errors.Is(err, domain.ErrUndelivered) {
			t.Errorf("got %v, want ErrUndelivered", err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestRecipientsThatAreNone(t *testing.T) {
	server := testkit.SMTP(t)
	c := channel(t, config(server))
	for _, to := range []string{
		"", "an", "an@", "an@example.com, b@example.com", "An <an@example.com>", "an@example.com\r\nBcc: b@example.com",
		"an@example.com\nX: y", "<an@example.com>",
	} {
		if err := c.Send(t.Context(), channeltest.Message(to)); !errors.Is(err, domain.ErrRejected) {
			t.Errorf("%q: got %v, want ErrRejected", to, err)
		}
	}
	if mails := server.Mails(); len(mails) != 0 {
		t.Errorf("sent %d mails", len(mails))
	}
}

func TestSubjectsDoNotStartHeaders(t *testing.T) {
	server := testkit.SMTP(t)
	m := channeltest.Message(recipient)
	m.Subject = "a\r\nBcc: b@example.com\r\n\r\nbody"
	if err := channel(t, config(server)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	mail := server.Mails()[0]
	if mail.Header("Bcc") != "" || len(mail.To) != 1 {
		t.Errorf("the subject became headers:\n%s", mail.Data)
	}
}

func TestNewRefusesASenderThatIsNone(t *testing.T) {
	if _, err := smtp.New(smtp.Config{From: "nobody"}, time.Now); err == nil {
		t.Error("no error")
	}
}
