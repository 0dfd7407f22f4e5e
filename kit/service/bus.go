package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"shop/kit/config"
	"shop/kit/errs"
	"shop/kit/event"
	"shop/kit/event/bus/rabbitmq"
	"shop/kit/event/bus/sqlite"
	"shop/kit/telemetry"
	"shop/kit/web"
)

// BusConfig is the settings of a service that publishes or consumes events; it
// embeds this beside Config. RABBITMQ_QUEUE is the name of the topology's first
// queue and RABBITMQ_ROUTING_KEY the key of that queue's first type: what systems
// before this one had of either.
type BusConfig struct {
	BusFile string `group:"Events" env:"BUS_FILE" envDefault:"./data/bus.db" unit:"path" doc:"The queue file that all services on this machine share, where there is no RABBITMQ_HOST."`

	RabbitMQHost       string `env:"RABBITMQ_HOST" unit:"host name" doc:"RabbitMQ, 3.10 or later. Empty: events go through BUS_FILE."`
	RabbitMQPort       int    `env:"RABBITMQ_PORT" envDefault:"5672" unit:"port" doc:"The port of RabbitMQ: 5672, with TLS mostly 5671."`
	RabbitMQUser       string `env:"RABBITMQ_USER" envDefault:"guest" doc:"Who logs in at RabbitMQ."`
	RabbitMQPassword   string `env:"RABBITMQ_PASSWORD" secret:"true" doc:"The password of RABBITMQ_USER; needed with RABBITMQ_HOST."`
	RabbitMQVHost      string `env:"RABBITMQ_VHOST" envDefault:"/" doc:"The virtual host of the exchange and the queues."`
	RabbitMQExchange   string `env:"RABBITMQ_EXCHANGE" doc:"The exchange that events are published to; the same for all services."`
	RabbitMQQueue      string `env:"RABBITMQ_QUEUE" doc:"The queue of events for notifications; the same for all services. Choose another name beside an older system."`
	RabbitMQRoutingKey string `env:"RABBITMQ_ROUTING_KEY" doc:"The routing key of the event of a new order; the same for all services."`
	RabbitMQTLS        bool   `env:"RABBITMQ_TLS" envDefault:"false" unit:"True or False" doc:"Encrypt the connections to RabbitMQ."`
	RabbitMQCAFile     string `env:"RABBITMQ_CA_FILE" unit:"path" doc:"The certificates (PEM) that RabbitMQ's must be signed by. Empty: those of the system."`
}

// CommonBus returns c; embedding BusConfig makes Build open a bus.
func (c BusConfig) CommonBus() BusConfig { return c }

// Validate implements config.Validator.
func (c BusConfig) Validate() error {
	var f config.Faults
	f.Check(c.BusFile != "", "BUS_FILE", "must be set")
	f.Check(!strings.ContainsAny(c.RabbitMQHost, ":/@ ") || strings.Count(c.RabbitMQHost, ":") > 1, "RABBITMQ_HOST",
		"must be a host name or address alone: port, user and password have settings of their own")
	f.Check(isPort(c.RabbitMQPort) && c.RabbitMQPort > 0, "RABBITMQ_PORT", "must be from 1 to 65535")
	f.Check(c.RabbitMQUser != "", "RABBITMQ_USER", "must be set")
	f.Check(c.RabbitMQPassword != "" || c.RabbitMQHost == "", "RABBITMQ_PASSWORD", "must be set with RABBITMQ_HOST")
	f.Check(c.RabbitMQVHost != "", "RABBITMQ_VHOST", "must be set, / is the default one")
	f.Check(isName(c.RabbitMQExchange), "RABBITMQ_EXCHANGE", notName)
	f.Check(isName(c.RabbitMQQueue), "RABBITMQ_QUEUE", notName)
	f.Check(isName(c.RabbitMQRoutingKey) && !strings.ContainsAny(c.RabbitMQRoutingKey, "*#"), "RABBITMQ_ROUTING_KEY", notName+", without * and #")
	f.Check(c.RabbitMQCAFile == "" || c.RabbitMQTLS, "RABBITMQ_CA_FILE", "has no meaning without RABBITMQ_TLS")
	return f.Err()
}

// notName says what isName wants.
const notName = "must be a text of 1 to 200 bytes that does not begin with amq."

// isName reports whether the broker takes s as a name, with room for the endings
// of its retry queues.
func isName(s string) bool {
	const longest = 200 // bytes, of the 255 that AMQP allows.
	return s != "" && len(s) <= longest && !strings.HasPrefix(s, "amq.")
}

// open opens the bus that c asks for.
func (c BusConfig) open(ctx context.Context, topology event.Topology, tel *telemetry.Telemetry) (event.Bus, error) {
	if c.RabbitMQHost == "" {
		return sqlite.Open(ctx, c.BusFile, topology, tel)
	}
	cfg := rabbitmq.Config{
		Host: c.RabbitMQHost, Port: c.RabbitMQPort, User: c.RabbitMQUser, Password: c.RabbitMQPassword, VHost: c.RabbitMQVHost,
		TLS: c.RabbitMQTLS, CAFile: c.RabbitMQCAFile, Exchange: c.RabbitMQExchange,
	}
	if len(topology.Queues) > 0 {
		first := topology.Queues[0]
		cfg.Queues = map[string]string{first.Name: c.RabbitMQQueue}
		if len(first.Types) > 0 {
			cfg.RoutingKeys = map[string]string{first.Types[0]: c.RabbitMQRoutingKey}
		}
	}
	return rabbitmq.Open(ctx, cfg, topology, tel)
}

// BusCheck is what /health says of the bus, whatever it is made of, under the name
// that clients know: the exchange, the first queue, and when it does not work, why.
// It is not critical: events wait.
func BusCheck(bus event.Bus, c BusConfig) web.Check {
	details := map[string]any{"exchange": c.RabbitMQExchange, "queue": c.RabbitMQQueue}
	return web.Check{Name: "rabbitmq", Probe: func(ctx context.Context) (map[string]any, error) {
		err := bus.Ping(ctx)
		if err == nil {
			return details, nil
		}
		found := maps.Clone(details)
		found["reason"] = reason(err)
		return found, err
	}}
}

// reason says why the bus does not work to whoever may read /health: no address,
// no text of a library.
func reason(err error) string {
	switch e := errs.Of(err); {
	case errors.Is(err, rabbitmq.ErrMismatch):
		return fmt.Sprintf("%v exists with other properties, as an older system declares it: let it drain and delete it, "+
			"or choose another name (see the log)", e.Params["name"])
	case errors.Is(err, rabbitmq.ErrBlocked):
		return "blocked: the broker takes no messages, it is short of memory or disk"
	default:
		return "not connected"
	}
}
