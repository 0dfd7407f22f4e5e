// Package push sends push messages through the operator's webhook, signed as
// Standard Webhooks (https://www.standardwebhooks.com) wants it.
package push

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"shop/notification/adapters/gateway"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Config says how to reach the webhook.
type Config struct {
	URL    string // The operator's; a user only ever gives a push token.
	Token  string // Shown as a bearer token; "": the webhook wants none.
	Secret string // "whsec_" and base64; "": messages are not signed.
}

// Channel is a ports.Channel over a webhook. It posts {"type", "timestamp",
// "data": {"user_id", "push_token", …}}; the webhook recognises a repetition by
// webhook-id or Idempotency-Key.
type Channel struct {
	gateway   *gateway.Gateway
	signature *standardwebhooks.Webhook // nil without a secret.
	now       func() time.Time
}

var _ ports.Channel = (*Channel)(nil)

// New returns the channel; it connects with the first message.
func New(cfg Config, now func() time.Time) (*Channel, error) {
	g, err := gateway.New(cfg.URL, cfg.Token, now)
	if err != nil {
		return nil, fmt.Errorf("webhook for push messages: %w", err)
	}
	c := &Channel{gateway: g, now: now}
	if cfg.Secret != "" {
		if c.signature, err = standardwebhooks.NewWebhook(cfg.Secret); err != nil {
			return nil, fmt.Errorf("secret of the webhook for push messages: %w", err)
		}
	}
	return c, nil
}

type pushMessage struct {
	Type      domain.Type `json:"type"`
	Timestamp time.Time   `json:"timestamp"`
	Data      pushData    `json:"data"`
}

type pushData struct {
	UserID    int64         `json:"user_id"`
	PushToken string        `json:"push_token"`
	OrderID   int64         `json:"order_id"`
	Title     string        `json:"title"`
	Body      string        `json:"body"`
	Locale    domain.Locale `json:"locale"`
}

// Send as in ports.Channel.
func (c *Channel) Send(ctx context.Context, m domain.Message) error {
	at := c.now()
	body, err := json.Marshal(pushMessage{Type: m.Event, Timestamp: at.UTC(), Data: pushData{
		UserID: m.UserID, PushToken: m.Recipient, OrderID: m.OrderID, Title: m.Subject, Body: m.Short, Locale: m.Locale,
	}})
	if err != nil {
		return fmt.Errorf("encode a push message: %w", err)
	}
	headers := http.Header{}
	headers.Set(standardwebhooks.HeaderWebhookID, m.ID)
	headers.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	if c.signature != nil {
		signature, err := c.signature.Sign(m.ID, at, body)
		if err != nil {
			return fmt.Errorf("sign a push message: %w", err)
		}
		headers.Set(standardwebhooks.HeaderWebhookSignature, signature)
	}
	return c.gateway.Post(ctx, m.ID, body, headers)
}

// Close lets go of idle connections.
func (c *Channel) Close() error { return c.gateway.Close() }
