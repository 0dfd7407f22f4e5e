//go:build linux || darwin

package faults

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/shop/control"
)

// Where a poison message goes, and where it ends.
const (
	poisoned    = "order_notifications"
	deadLetters = poisoned + ".dead"
)

// letterPoll is how often the dead letters are looked through.
const letterPoll = 100 * time.Millisecond

// poison puts a message into a queue that nobody can handle, with a trace of its
// own, and takes it out of the dead letters at the end.
func poison(url string) control.Begin {
	return func(ctx context.Context) (func(context.Context) error, error) {
		id := "drill-" + rand.Text()
		if err := withChannel(url, func(c *amqp.Channel) error { return putPoison(ctx, c, id) }); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			return withChannel(url, func(c *amqp.Channel) error { return takeLetter(ctx, c, id) })
		}, nil
	}
}

func putPoison(ctx context.Context, c *amqp.Channel, id string) error {
	if err := c.Confirm(false); err != nil {
		return err
	}
	confirm, err := c.PublishWithDeferredConfirmWithContext(ctx, "", poisoned, true, false, amqp.Publishing{
		DeliveryMode: amqp.Persistent, MessageId: id, Type: "order.created", Timestamp: time.Now(), ContentType: "application/json",
		Headers: amqp.Table{"traceparent": traceparent()}, Body: []byte(`{"event":"order.created","data":`),
	})
	if err != nil {
		return err
	}
	if ok, err := confirm.WaitContext(ctx); err != nil || !ok {
		return fmt.Errorf("publish the message: confirmed %t: %w", ok, err)
	}
	return nil
}

// traceparent begins a trace, https://www.w3.org/TR/trace-context/.
func traceparent() string {
	var trace [16]byte
	var span [8]byte
	_, _ = rand.Read(trace[:]) // Never fails.
	_, _ = rand.Read(span[:])
	return "00-" + hex.EncodeToString(trace[:]) + "-" + hex.EncodeToString(span[:]) + "-01"
}

// takeLetter takes the message id out of the dead letters; others stay. It waits
// until it is there.
func takeLetter(ctx context.Context, c *amqp.Channel, id string) error {
	again := time.NewTicker(letterPoll)
	defer again.Stop()
	for {
		found, err := lookThrough(c, id)
		if found || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the message %s is not among the dead letters: %w", id, context.Cause(ctx))
		case <-again.C:
		}
	}
}

// lookThrough removes id; every other letter goes back when the look is over.
func lookThrough(c *amqp.Channel, id string) (found bool, err error) {
	var others []amqp.Delivery
	defer func() {
		for _, d := range others {
			err = errors.Join(err, d.Nack(false, true))
		}
	}()
	for {
		d, ok, err := c.Get(deadLetters, false)
		if err != nil || !ok {
			return false, err
		}
		if d.MessageId == id {
			return true, d.Ack(false)
		}
		others = append(others, d)
	}
}

func withChannel(url string, use func(*amqp.Channel) error) error {
	conn, err := amqp.Dial(url)
	if err != nil {
		return fmt.Errorf("connect to RabbitMQ: %w", err)
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	return use(channel)
}
