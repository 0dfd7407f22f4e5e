package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/event"
	"shop/kit/event/bus/internal/dispatch"
)

const (
	// patience is how long a consumer that stops tries to get rid of messages at
	// fault. Others will be given them.
	patience = 3 * time.Second
	// maxPrefetch is what the protocol can say.
	maxPrefetch = 1<<16 - 1
)

var errCancelled = errors.New("the broker cancelled the consumer, its queue may be deleted")

// consumer is one Subscribe.
type consumer struct {
	queue     string // The logical name.
	prefetch  int
	condition condition
	store     *store
}

// Subscribe implements event.Subscriber. It goes on for as long as ctx does, also
// while there is no broker.
func (b *Bus) Subscribe(ctx context.Context, name string, prefetch int, h event.Handler) error {
	if _, ok := b.names.topology.Queue(name); !ok {
		return fmt.Errorf("subscribe to %q: no such queue", name)
	}
	prefetch = min(max(prefetch, 1), maxPrefetch)
	c := &consumer{
		queue: name, prefetch: prefetch, store: newStore(name, prefetch, b.now),
		condition: condition{log: b.tel.Log, what: "consuming " + b.names.queue(name)},
	}
	c.condition.begins(errConnecting)
	if err := b.add(c); err != nil {
		return err
	}
	defer b.remove(c)

	work, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	received, moved := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(received)
		b.consuming.keep(work, b.names, &c.condition, func(work context.Context, ch *amqp.Channel) error {
			return c.receive(ctx, work, ch, b.names)
		})
	}()
	go func() {
		defer close(moved)
		c.store.mover(work, b.publisher)
	}()
	err := dispatch.Consumer{
		Store: c.store, Prefetch: prefetch, Handle: h, Ladder: b.names.ladder, Now: b.now,
	}.Run(ctx)
	close(c.store.moves)
	late := time.AfterFunc(patience, end)
	defer late.Stop()
	<-moved
	end()
	<-received
	return err
}

// receive takes deliveries from ch until asked ends, keeps the channel for what is
// being handled until work ends, and gives the rest back. It returns why the
// channel ended before that.
func (c *consumer) receive(asked, work context.Context, ch *amqp.Channel, n names) error {
	if asked.Err() != nil { // Nothing more is wanted, and what was being handled is lost.
		<-work.Done()
		return nil
	}
	if err := ch.Qos(c.prefetch, 0, false); err != nil {
		return fmt.Errorf("bound what is delivered: %w", err)
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	c.store.begin(ch)
	defer c.store.lose()
	deliveries, err := ch.Consume(n.queue(c.queue), tag, false, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("consume %s: %w", n.queue(c.queue), err)
	}
	c.condition.works(work)
	stop := asked.Done()
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return c.cancelled(closed)
			}
			c.store.arrive(d)
		case <-stop:
			c.cancel(work, ch, deliveries)
			stop, deliveries = nil, nil
		case reason := <-closed:
			return because(reason)
		case <-work.Done():
			return nil
		}
	}
}

// tag names the consumer on its channel.
const tag = "consumer"

// cancel ends the deliveries and gives back what is not being handled.
func (c *consumer) cancel(ctx context.Context, ch *amqp.Channel, deliveries <-chan amqp.Delivery) {
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	if err := within(ctx, func() error { return ch.Cancel(tag, false) }); err == nil {
		for d := range deliveries {
			c.store.arrive(d)
		}
	}
	c.store.giveBack()
}

// cancelled returns why deliveries ended that nobody here has ended.
func (c *consumer) cancelled(closed <-chan *amqp.Error) error {
	select {
	case reason := <-closed:
		return because(reason)
	default:
		return errCancelled
	}
}
