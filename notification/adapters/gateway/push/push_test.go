package push_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"shop/kit/testkit"
	"shop/notification/adapters/channeltest"
	"shop/notification/adapters/gateway/push"
)

const (
	recipient = "device-token-of-an"
	secret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // The example of the library's documentation.
)

type body struct {
	Type      string
	Timestamp time.Time
	Data      struct {
		UserID    int64  `json:"user_id"`
		PushToken string `json:"push_token"`
		OrderID   int64  `json:"order_id"`
		Title     string
		Body      string
		Locale    string
	}
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, recipient, func(t *testing.T) channeltest.Rig {
		sink := testkit.HTTPSink(t)
		behaved := true
		answer := func(a testkit.Answer) { behaved = false; sink.Script(a) }
		return channeltest.Rig{
			Channel: channel(t, push.Config{URL: sink.URL, Secret: secret}),
			Received: func(t *testing.T) (all []channeltest.Receipt) {
				if !behaved {
					return nil // It took nothing of what it was sent.
				}
				for _, r := range sink.Requests() {
					var b body
					if err := json.Unmarshal(r.Body, &b); err != nil {
						t.Error(err)
					}
					all = append(all, channeltest.Receipt{
						Identity: r.Header.Get("Webhook-Id"), Recipient: b.Data.PushToken, Content: b.Data.Title + "\n" + b.Data.Body,
					})
				}
				return all
			},
			Refuse:   func() { answer(testkit.Answer{Status: 410, Body: recipient}) },
			Postpone: func() { answer(testkit.Answer{Status: 502}) },
			AskFor: func(pause time.Duration) {
				after := strconv.Itoa(int(pause.Seconds()))
				answer(testkit.Answer{Status: 503, Header: http.Header{"Retry-After": {after}}})
			},
			Hang:   func() { answer(testkit.Answer{Hang: true}) },
			Vanish: func() { answer(testkit.Answer{Drop: true}) },
		}
	})
}

func TestWhatTheWebhookGets(t *testing.T) {
	sink := testkit.HTTPSink(t)
	m := channeltest.Message(recipient)
	if err := channel(t, push.Config{URL: sink.URL, Token: "t0ken", Secret: secret}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r := sink.Requests()[0]
	var got body
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "order.created" || got.Data.UserID != 3 || got.Data.PushToken != recipient || got.Data.OrderID != 7 ||
		got.Data.Title != m.Subject || got.Data.Body != m.Short || got.Data.Locale != "vi" || got.Timestamp.IsZero() {
		t.Errorf("body: got %s", r.Body)
	}
	if r.Header.Get("Authorization") != "Bearer t0ken" || r.Header.Get("Idempotency-Key") != m.ID || r.Header.Get("Webhook-Id") != m.ID {
		t.Errorf("headers: got %v", r.Header)
	}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(r.Body, r.Header); err != nil {
		t.Errorf("signature: %v", err)
	}
	if err := verifier.Verify(append(r.Body, ' '), r.Header); err == nil {
		t.Error("the signature also fits another body")
	}
}

func TestWithoutASecretNothingIsSigned(t *testing.T) {
	sink := testkit.HTTPSink(t)
	if err := channel(t, push.Config{URL: sink.URL}).Send(t.Context(), channeltest.Message(recipient)); err != nil {
		t.Fatal(err)
	}
	if got := sink.Requests()[0].Header.Get("Webhook-Signature"); got != "" {
		t.Errorf("signature: got %q", got)
	}
}

func TestNewRefusesWrongSettings(t *testing.T) {
	for name, cfg := range map[string]push.Config{
		"an address that is none": {URL: "webhook"},
		"a secret that is none":   {URL: "http://127.0.0.1:1", Secret: "whsec_***"},
	} {
		if _, err := push.New(cfg, time.Now); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func channel(t *testing.T, cfg push.Config) *push.Channel {
	t.Helper()
	c, err := push.New(cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
