package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/event"
	"shop/order"
)

// stranger is a client of RabbitMQ that is none of the services.
type stranger struct {
	conn    *amqp.Connection
	channel *amqp.Channel
}

func newStranger(t *testing.T, url string) *stranger {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal("connect to RabbitMQ:", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	channel, err := conn.Channel()
	if err == nil {
		err = channel.Confirm(false)
	}
	if err != nil {
		t.Fatal("open a channel:", err)
	}
	return &stranger{conn, channel}
}

// wipeQueues deletes every queue of the shop with what is in it.
func wipeQueues(t *testing.T, url string) {
	t.Helper()
	s := newStranger(t, url)
	defer s.conn.Close()
	for _, q := range order.Topology().Queues {
		names := []string{q.Name, q.Name + ".dead"}
		for _, wait := range event.DefaultLadder() {
			names = append(names, q.Name+".retry."+wait.String())
		}
		for _, name := range names {
			if _, err := s.channel.QueueDelete(name, false, false, false); err != nil {
				t.Fatalf("delete queue %s: %v", name, err)
			}
		}
	}
}

// purge drops what waits in a queue.
func (s *stranger) purge(t *testing.T, queue string) {
	t.Helper()
	if _, err := s.channel.QueuePurge(queue, false); err != nil {
		t.Fatalf("purge %s: %v", queue, err)
	}
}

// waiting is nil when n messages of a queue wait for a consumer.
func (s *stranger) waiting(t *testing.T, queue string, n int) error {
	t.Helper()
	q, err := s.channel.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		t.Fatalf("look at queue %s: %v", queue, err)
	}
	if q.Messages != n {
		return fmt.Errorf("%d messages wait in %s, want %d", q.Messages, queue, n)
	}
	return nil
}

// publish sends messages to the queue, past the exchange, and waits for the
// broker's confirms.
func (s *stranger) publish(t *testing.T, queue string, messages ...amqp.Publishing) {
	t.Helper()
	for _, m := range messages {
		confirm, err := s.channel.PublishWithDeferredConfirmWithContext(t.Context(), "", queue, true, false, m)
		if err == nil && !confirm.Wait() {
			err = amqp.ErrClosed
		}
		if err != nil {
			t.Fatalf("publish to %s: %v", queue, err)
		}
	}
}

// spy is a queue of its own that gets every event too.
const spyQueue = "chaos_spy"

// spyOn binds the spy's queue, empty, until the end of the test.
func spyOn(t *testing.T, url string) {
	t.Helper()
	s, exchange := newStranger(t, url), order.Topology().Exchange
	_, err := s.channel.QueueDelete(spyQueue, false, false, false)
	if err == nil { // The services are not connected yet, maybe.
		err = s.channel.ExchangeDeclare(exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	}
	if err == nil {
		// RabbitMQ 3.10 may leave a quorum queue without a leader that it is killed soon
		// after, or that is declared again soon after it was deleted; then nothing is
		// confirmed any more.
		_, err = s.channel.QueueDeclare(spyQueue, true, false, false, false, amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeClassic})
	}
	if err == nil {
		err = s.channel.QueueBind(spyQueue, "#", exchange, false, nil)
	}
	if err != nil {
		t.Fatal("bind the spy's queue:", err)
	}
}

// seen is what a spy has heard.
type seen struct {
	mu       sync.Mutex
	messages []amqp.Delivery
}

// heard reads the spy's queue until the end of the test.
func heard(t *testing.T, url string) *seen {
	t.Helper()
	s, all := newStranger(t, url), &seen{}
	deliveries, err := s.channel.Consume(spyQueue, "", true, false, false, false, nil)
	if err != nil {
		t.Fatal("read the spy's queue:", err)
	}
	go func() {
		for d := range deliveries {
			all.mu.Lock()
			all.messages = append(all.messages, d)
			all.mu.Unlock()
		}
	}()
	return all
}

// All returns what was heard until now.
func (s *seen) All() []amqp.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Orders returns how many different events were heard and how often one came
// after a later one of its order.
func (s *seen) Orders(t *testing.T) (events, disordered int) {
	t.Helper()
	ids, last := map[string]bool{}, map[int64]int64{}
	for _, d := range s.All() {
		var body struct {
			Data struct {
				OrderID  int64 `json:"order_id"`
				Sequence int64 `json:"sequence"`
			} `json:"data"`
		}
		if err := json.Unmarshal(d.Body, &body); err != nil {
			t.Fatalf("an event that is no JSON: %v", err)
		}
		if body.Data.Sequence < last[body.Data.OrderID] {
			disordered++
		}
		last[body.Data.OrderID] = max(last[body.Data.OrderID], body.Data.Sequence)
		ids[d.MessageId] = true
	}
	return len(ids), disordered
}

// again returns the message of a delivery, to be published once more.
func again(d amqp.Delivery) amqp.Publishing {
	return amqp.Publishing{
		Headers: d.Headers, ContentType: d.ContentType, DeliveryMode: d.DeliveryMode,
		MessageId: d.MessageId, Timestamp: d.Timestamp, Type: d.Type, Body: d.Body,
	}
}
