// Package sms sends short messages through the operator's HTTP gateway.
package sms

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shop/notification/adapters/gateway"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Config says how to reach the gateway.
type Config struct {
	URL    string
	Token  string // Shown as a bearer token; "": the gateway wants none.
	Sender string // The name or number that the message comes from; "": the gateway's own.
}

// Channel is a ports.Channel over an HTTP gateway. It posts {"to", "text",
// "sender"}; the gateway recognises a repetition by the Idempotency-Key.
type Channel struct {
	gateway *gateway.Gateway
	sender  string
}

var _ ports.Channel = (*Channel)(nil)

// New returns the channel; it connects with the first message.
func New(cfg Config, now func() time.Time) (*Channel, error) {
	g, err := gateway.New(cfg.URL, cfg.Token, now)
	if err != nil {
		return nil, fmt.Errorf("gateway for short messages: %w", err)
	}
	return &Channel{gateway: g, sender: cfg.Sender}, nil
}

type shortMessage struct {
	To     string `json:"to"`
	Text   string `json:"text"`
	Sender string `json:"sender,omitempty"`
}

// Send as in ports.Channel.
func (c *Channel) Send(ctx context.Context, m domain.Message) error {
	body, err := json.Marshal(shortMessage{To: m.Recipient, Text: m.Short, Sender: c.sender})
	if err != nil {
		return fmt.Errorf("encode a short message: %w", err)
	}
	return c.gateway.Post(ctx, m.ID, body, nil)
}

// Close lets go of idle connections.
func (c *Channel) Close() error { return c.gateway.Close() }
