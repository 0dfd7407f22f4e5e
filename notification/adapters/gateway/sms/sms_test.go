package sms_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/notification/adapters/channeltest"
	"shop/notification/adapters/gateway/sms"
)

const recipient = "+84901234567"

func TestChannel(t *testing.T) {
	channeltest.Run(t, recipient, func(t *testing.T) channeltest.Rig {
		sink := testkit.HTTPSink(t)
		c := channel(t, sms.Config{URL: sink.URL})
		behaved := true
		answer := func(a testkit.Answer) { behaved = false; sink.Script(a) }
		return channeltest.Rig{
			Channel: c,
			Received: func(t *testing.T) (all []channeltest.Receipt) {
				if !behaved {
					return nil // It took nothing of what it was sent.
				}
				for _, r := range sink.Requests() {
					var body struct{ To, Text string }
					if err := json.Unmarshal(r.Body, &body); err != nil {
						t.Error(err)
					}
					all = append(all, channeltest.Receipt{
						Identity: r.Header.Get("Idempotency-Key"), Recipient: body.To, Content: body.Text,
					})
				}
				return all
			},
			Refuse:   func() { answer(testkit.Answer{Status: 400, Body: `{"error":"no such number ` + recipient + `"}`}) },
			Postpone: func() { answer(testkit.Answer{Status: 503}) },
			AskFor: func(pause time.Duration) {
				after := strconv.Itoa(int(pause.Seconds()))
				answer(testkit.Answer{Status: 429, Header: http.Header{"Retry-After": {after}}})
			},
			Hang:   func() { answer(testkit.Answer{Hang: true}) },
			Vanish: func() { answer(testkit.Answer{Drop: true}) },
		}
	})
}

func TestWhatTheGatewayGets(t *testing.T) {
	sink := testkit.HTTPSink(t)
	c := channel(t, sms.Config{URL: sink.URL + "/v1/messages", Token: "t0ken", Sender: "SHOP"})
	m := channeltest.Message(recipient)
	if err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r := sink.Requests()[0]
	var got map[string]string
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got["to"] != recipient || got["text"] != m.Short || got["sender"] != "SHOP" {
		t.Errorf("body: got %s", r.Body)
	}
	if r.Path != "/v1/messages" || r.Header.Get("Authorization") != "Bearer t0ken" || r.Header.Get("Idempotency-Key") != m.ID {
		t.Errorf("request: got %s %v", r.Path, r.Header)
	}
}

func TestNewRefusesAnAddressThatIsNone(t *testing.T) {
	if _, err := sms.New(sms.Config{URL: "gateway"}, time.Now); err == nil {
		t.Error("no error")
	}
}

func channel(t *testing.T, cfg sms.Config) *sms.Channel {
	t.Helper()
	c, err := sms.New(cfg, time.Now)
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
