package rabbitmq

import (
	"errors"
	"fmt"
	"math"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/errs"
	"shop/kit/event"
)

// ErrMismatch says that the queue or exchange called Params["name"] exists with
// other properties than this package's, as an older system has declared it.
// Nothing is lost meanwhile: publishers keep their events.
var ErrMismatch = errs.New(errs.Unavailable, "event_queue_mismatch")

// deliveryLimit is how often the broker may take a message back before it
// dead-letters it: far more often than a consumer that dies with it is started
// again in a night. RabbitMQ 4 has 20 unless told otherwise, and drops where there
// is no dead-letter queue.
const (
	deliveryLimit int32 = 100_000
	unlimited     int32 = math.MaxInt32 // 4.x takes -1 for it, 3.x does not.
)

// names are what the things of a topology are called at the broker.
type names struct {
	topology event.Topology
	exchange string
	queues   map[string]string
	keys     map[string]string
	ladder   event.Ladder
}

func (c Config) names(t event.Topology) (names, error) {
	n := names{topology: t, exchange: t.Exchange, queues: c.Queues, keys: c.RoutingKeys, ladder: event.DefaultLadder()}
	if c.Exchange != "" {
		n.exchange = c.Exchange
	}
	typeOf, nameOf := map[string]string{}, map[string]string{}
	for _, q := range t.Queues {
		if other, twice := nameOf[n.queue(q.Name)]; twice {
			return names{}, fmt.Errorf("the queues %s and %s would both be called %q", other, q.Name, n.queue(q.Name))
		}
		nameOf[n.queue(q.Name)] = q.Name
		for _, typ := range q.Types {
			if other, twice := typeOf[n.key(typ)]; twice && other != typ {
				return names{}, fmt.Errorf("the events %s and %s would both have the routing key %q", other, typ, n.key(typ))
			}
			typeOf[n.key(typ)] = typ
		}
	}
	return n, nil
}

func (n names) queue(name string) string { return renamed(n.queues, name) }
func (n names) key(typ string) string    { return renamed(n.keys, typ) }
func (n names) dead(name string) string  { return n.queue(name) + ".dead" }

// retry is where name's messages wait for as long as wait.
func (n names) retry(name string, wait time.Duration) string {
	return fmt.Sprintf("%s.retry.%s", n.queue(name), wait)
}

func renamed(table map[string]string, name string) string {
	if other := table[name]; other != "" {
		return other
	}
	return name
}

// bound reports whether a queue of the topology takes events of typ.
func (n names) bound(typ string) bool {
	for _, q := range n.topology.Queues {
		for _, t := range q.Types {
			if t == typ {
				return true
			}
		}
	}
	return false
}

// declare makes what is missing of the topology. What exists stays as it is.
func (n names) declare(ch *amqp.Channel) error {
	if err := ch.ExchangeDeclare(n.exchange, amqp.ExchangeTopic, true, false, false, false, nil); err != nil {
		return declared("exchange", n.exchange, err)
	}
	for _, q := range n.topology.Queues {
		if err := n.declareQueue(ch, q); err != nil {
			return err
		}
	}
	return nil
}

// declareQueue makes a queue, what its messages climb and where they end, and
// only then the bindings that fill it.
func (n names) declareQueue(ch *amqp.Channel, q event.Queue) error {
	work, dead := n.queue(q.Name), n.dead(q.Name)
	if err := quorum(ch, dead, amqp.Table{"x-delivery-limit": unlimited}); err != nil {
		return err
	}
	for _, wait := range n.ladder {
		if err := quorum(ch, n.retry(q.Name, wait), toQueue(work, amqp.Table{
			amqp.QueueMessageTTLArg: wait.Milliseconds(),
		})); err != nil {
			return err
		}
	}
	if err := quorum(ch, work, toQueue(dead, amqp.Table{"x-delivery-limit": deliveryLimit})); err != nil {
		return err
	}
	for _, typ := range q.Types {
		if err := ch.QueueBind(work, n.key(typ), n.exchange, false, nil); err != nil {
			return fmt.Errorf("bind %s to %s: %w", typ, work, err)
		}
	}
	return nil
}

// toQueue adds to args that what leaves the queue by its age or its deliveries
// goes to the queue called name, and leaves only when it has arrived there.
func toQueue(name string, args amqp.Table) amqp.Table {
	args["x-dead-letter-exchange"] = ""
	args["x-dead-letter-routing-key"] = name
	args["x-dead-letter-strategy"] = "at-least-once"
	args[amqp.QueueOverflowArg] = amqp.QueueOverflowRejectPublish // At-least-once wants it.
	return args
}

func quorum(ch *amqp.Channel, name string, args amqp.Table) error {
	args[amqp.QueueTypeArg] = amqp.QueueTypeQuorum
	_, err := ch.QueueDeclare(name, true, false, false, false, args)
	return declared("queue", name, err)
}

// declared explains why something could not be declared.
func declared(what, name string, err error) error {
	var refused *amqp.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.Code == amqp.PreconditionFailed:
		return ErrMismatch.With("name", name).Wrap(fmt.Errorf("%s %q exists with other properties, as an older system declares it: "+
			"let it drain and delete it (rabbitmqctl delete_queue %s for a queue), or set RABBITMQ_QUEUE (RABBITMQ_EXCHANGE for the exchange) "+
			"to another name; until then events wait with their publishers: %s", what, name, name, refused.Reason))
	default:
		return fmt.Errorf("declare %s %s: %w", what, name, err)
	}
}
