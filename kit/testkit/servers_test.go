package testkit_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wneessen/go-mail"

	"shop/kit/testkit"
)

// post sends body and returns what came back; status 0 = no answer.
func post(ctx context.Context, t *testing.T, url, body string) (status int, header http.Header, answer string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/sms?to=1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Idempotency-Key", "k")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(b), err
}

func TestHTTPSink(t *testing.T) {
	sink := testkit.HTTPSink(t)
	if status, _, _, err := post(t.Context(), t, sink.URL, "hello"); err != nil || status != http.StatusOK {
		t.Fatalf("unscripted: %d, %v", status, err)
	}
	got := sink.Requests()
	if len(got) != 1 || got[0].Method != http.MethodPost || got[0].Path != "/sms?to=1" || string(got[0].Body) != "hello" ||
		got[0].Header.Get("Idempotency-Key") != "k" {
		t.Errorf("recorded %+v", got)
	}

	sink.Script(
		testkit.Answer{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}, Body: "slowly"},
		testkit.Answer{Drop: true},
		testkit.Answer{Status: http.StatusAccepted},
	)
	status, header, body, err := post(t.Context(), t, sink.URL, "")
	if err != nil || status != http.StatusTooManyRequests || header.Get("Retry-After") != "1" || body != "slowly" {
		t.Errorf("first answer %d %v %s, %v", status, header, body, err)
	}
	if status, _, _, err := post(t.Context(), t, sink.URL, ""); err == nil {
		t.Errorf("the dropped connection gave the answer %d", status)
	}
	for range 2 { // The last answer stays.
		if status, _, _, err := post(t.Context(), t, sink.URL, ""); err != nil || status != http.StatusAccepted {
			t.Errorf("last answer %d, %v", status, err)
		}
	}
	sink.Script(testkit.Answer{Hang: true})
	if _, _, _, err := post(until(t, 50*time.Millisecond), t, sink.URL, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hanging: %v", err)
	}
}

// send sends one message by a well-known client.
func send(ctx context.Context, t *testing.T, s *testkit.MailServer) error {
	t.Helper()
	m := mail.NewMsg()
	for _, err := range []error{m.From("shop@example.com"), m.To("An <an@example.com>")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	m.Subject("Xác nhận đơn hàng #7")
	m.SetBodyString(mail.TypeTextPlain, "Cảm ơn bạn\n")
	m.AddAlternativeString(mail.TypeTextHTML, "<p>Cảm ơn bạn</p>")
	c, err := mail.NewClient(s.Host, mail.WithPort(s.Port), mail.WithTLSPolicy(mail.TLSMandatory), mail.WithTimeout(time.Second),
		mail.WithTLSConfig(&tls.Config{RootCAs: s.Roots, ServerName: s.Host, MinVersion: tls.VersionTLS12}),
		mail.WithSMTPAuth(mail.SMTPAuthPlain), mail.WithUsername("shop"), mail.WithPassword("pw"))
	if err != nil {
		t.Fatal(err)
	}
	return c.DialAndSendWithContext(ctx, m)
}

func TestSMTP(t *testing.T) {
	s := testkit.SMTP(t)
	if err := send(t.Context(), t, s); err != nil {
		t.Fatal(err)
	}
	mails := s.Mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	m := mails[0]
	if m.From != "shop@example.com" || len(m.To) != 1 || m.To[0] != "an@example.com" || !m.TLS {
		t.Errorf("envelope %+v", m)
	}
	if got := m.Header("Subject"); got != "Xác nhận đơn hàng #7" {
		t.Errorf("subject %q", got)
	}
	for mediaType, want := range map[string]string{"text/plain": "Cảm ơn bạn\n", "text/html": "<p>Cảm ơn bạn</p>"} {
		if got, err := m.Part(mediaType); err != nil || strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s: %q, %v; want %q", mediaType, got, err, want)
		}
	}
	if _, err := m.Part("text/calendar"); err == nil {
		t.Error("a part that is not there was found")
	}
	if got := s.Logins(); len(got) != 1 || got[0] != (testkit.Login{Username: "shop", Password: "pw"}) {
		t.Errorf("logins %v", got)
	}
}

func TestSMTPThatRefuses(t *testing.T) {
	tests := map[string]struct {
		mode testkit.MailMode
		code int // 0 = no answer of the server.
	}{
		"for now":       {testkit.MailMode{Code: 451, Text: "later"}, 451},
		"for good":      {testkit.MailMode{Code: 554}, 554},
		"the recipient": {testkit.MailMode{Code: 550, AtRcpt: true}, 550},
		"drops":         {testkit.MailMode{Drop: true}, 0},
		"hangs":         {testkit.MailMode{Hang: true}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.SMTP(t)
			s.Use(tt.mode)
			err := send(until(t, time.Second), t, s)
			if err == nil {
				t.Fatal("sent")
			}
			if tt.code != 0 && !strings.Contains(err.Error(), strconv.Itoa(tt.code)) {
				t.Errorf("error %v, want code %d", err, tt.code)
			}
			if len(s.Mails()) != 0 {
				t.Error("kept the mail")
			}
			s.Use(testkit.MailMode{})
			if err := send(t.Context(), t, s); err != nil {
				t.Errorf("once it accepts again: %v", err)
			}
		})
	}
}
