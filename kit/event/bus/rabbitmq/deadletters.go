package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/event"
	"shop/kit/internal/pause"
)

// maxLetters bounds the dead letters that are read at once, for the sake of this
// process' memory. Replaying more takes several calls.
const maxLetters = 10_000

// letter is a dead letter and the message it was read from.
type letter struct {
	event.DeadLetter
	message amqp.Delivery
}

// List implements event.DeadLetters.
func (b *Bus) List(ctx context.Context, queue string, limit int) ([]event.DeadLetter, error) {
	var list []event.DeadLetter
	err := b.withDead(ctx, queue, func(letters []letter) (replayed int, err error) {
		list = make([]event.DeadLetter, min(len(letters), max(limit, 0)))
		for i := range list {
			list[i] = letters[i].DeadLetter
		}
		return 0, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list dead letters of %s: %w", queue, err)
	}
	return list, nil
}

// Replay implements event.DeadLetters. Replayed messages are the newest of their
// queue, in the order in which they had been given up; other queues, which had
// handled them, don't get them again. After an error some may have been replayed.
func (b *Bus) Replay(ctx context.Context, queue string, ids ...string) (int, error) {
	total := 0
	err := b.withDead(ctx, queue, func(letters []letter) (replayed int, err error) {
		defer func() { total = replayed }()
		for _, l := range letters {
			if len(ids) > 0 && !slices.Contains(ids, l.ID) {
				continue
			}
			again := message(l.Event, l.message.Body, l.message.ContentType, 0)
			if err := b.publisher.sendOne(ctx, moveTimeout, outgoing{key: b.names.queue(queue), message: again}); err != nil {
				return replayed, err
			}
			if err := l.message.Ack(false); err != nil {
				return replayed, err
			}
			replayed++
		}
		return replayed, nil
	})
	if err != nil {
		return 0, fmt.Errorf("replay dead letters of %s: %w", queue, err)
	}
	return total, nil
}

// withDead gives do the dead letters of queue, oldest first. Those that do has not
// replayed, and acknowledged, stay. The broker shows a message to one reader at a
// time, and what was read comes back to it in another order: the time of death
// tells which is the oldest.
func (b *Bus) withDead(ctx context.Context, queue string, do func([]letter) (replayed int, err error)) error {
	if _, ok := b.names.topology.Queue(queue); !ok {
		return nil
	}
	b.operator.Lock()
	defer b.operator.Unlock()
	return b.ask(ctx, func(ch *amqp.Channel) error {
		name := b.names.dead(queue)
		there, err := count(ch, name)
		if err != nil {
			return err
		}
		letters, err := b.readDead(ch, queue, min(there, maxLetters))
		replayed := 0
		if err == nil {
			replayed, err = do(letters)
		}
		if left := len(letters) - replayed; left > 0 {
			err = errors.Join(err, giveBack(ctx, ch, name, int64(left)))
		}
		return err
	})
}

// readDead takes at most most messages off the dead-letter queue of queue.
func (b *Bus) readDead(ch *amqp.Channel, queue string, most int64) ([]letter, error) {
	var letters []letter
	for range most {
		d, ok, err := ch.Get(b.names.dead(queue), false)
		if err != nil {
			return letters, err
		}
		if !ok {
			break
		}
		letters = append(letters, letter{decodeDead(d, queue, b.now()), d})
	}
	slices.SortStableFunc(letters, func(a, b letter) int { return a.DeadAt.Compare(b.DeadAt) })
	return letters, nil
}

// givingBack is how often to look whether messages have been given back.
const givingBack = 2 * time.Millisecond

// giveBack returns the n messages that were taken off a queue and not
// acknowledged. The broker does that a little later than it says, and whoever
// reads next is to find them.
func giveBack(ctx context.Context, ch *amqp.Channel, name string, n int64) error {
	if err := ch.Nack(0, true, true); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	for {
		there, err := count(ch, name)
		if err != nil || there >= n || !pause.For(ctx, givingBack) {
			return err
		}
	}
}
