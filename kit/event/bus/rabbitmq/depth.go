package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/errs"
	"shop/kit/event"
)

// Depth implements event.Bus. What other processes hold is not in it: the broker
// tells only what it could deliver.
func (b *Bus) Depth(ctx context.Context, queue string) (event.Depth, error) {
	if _, ok := b.names.topology.Queue(queue); !ok {
		return event.Depth{}, fmt.Errorf("depth of %q: no such queue", queue)
	}
	waiting := []string{b.names.queue(queue)}
	for _, wait := range b.names.ladder {
		waiting = append(waiting, b.names.retry(queue, wait))
	}
	var d event.Depth
	err := b.ask(ctx, func(ch *amqp.Channel) (err error) {
		var found event.Depth
		for _, name := range waiting {
			n, err := count(ch, name)
			if err != nil {
				return err
			}
			found.Waiting += n
		}
		found.Dead, err = count(ch, b.names.dead(queue))
		d = found
		return err
	})
	if err != nil {
		return event.Depth{}, fmt.Errorf("depth of %s: %w", queue, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.consumers {
		if c.queue == queue {
			waiting, inFlight := c.store.depth()
			d.Waiting += waiting
			d.InFlight += inFlight
		}
	}
	return d, nil
}

// count returns how many messages a queue could deliver now.
func count(ch *amqp.Channel, name string) (int64, error) {
	q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
	return int64(q.Messages), err
}

// ask does something on a channel of its own, which closes afterwards.
func (b *Bus) ask(ctx context.Context, do func(*amqp.Channel) error) error {
	conn, _, _ := b.consuming.state()
	if conn == nil {
		return errs.ErrUnavailable.Wrap(errors.Join(b.consuming.condition.reason(), errConnecting))
	}
	err := within(ctx, func() error {
		ch, err := conn.Channel()
		if err != nil {
			return err
		}
		return errors.Join(do(ch), ch.Close())
	})
	if err != nil && errs.KindOf(err) != errs.Unavailable {
		return errs.ErrUnavailable.Wrap(err)
	}
	return err
}
