package service_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"shop/kit/config"
	"shop/kit/errs"
	"shop/kit/event/bus/memory"
	"shop/kit/event/bus/rabbitmq"
	"shop/kit/service"
	"shop/kit/service/servicetest"
)

func TestSettingsOfTheBus(t *testing.T) {
	clean(t)
	valid := map[string]string{"RABBITMQ_HOST": "rabbit", "RABBITMQ_PASSWORD": "secret"}
	for name, tt := range map[string]struct {
		change map[string]string
		fault  string
	}{
		"as they should be":              {nil, ""},
		"a file":                         {map[string]string{"RABBITMQ_HOST": "", "RABBITMQ_PASSWORD": ""}, ""},
		"an IPv6 address":                {map[string]string{"RABBITMQ_HOST": "::1"}, ""},
		"names of an older system":       {map[string]string{"RABBITMQ_QUEUE": "other", "RABBITMQ_ROUTING_KEY": "a.b", "RABBITMQ_EXCHANGE": "x"}, ""},
		"a URL":                          {map[string]string{"RABBITMQ_HOST": "amqp://rabbit"}, "RABBITMQ_HOST"},
		"a host with its port":           {map[string]string{"RABBITMQ_HOST": "rabbit:5672"}, "RABBITMQ_HOST"},
		"no port":                        {map[string]string{"RABBITMQ_PORT": "0"}, "RABBITMQ_PORT"},
		"no password":                    {map[string]string{"RABBITMQ_PASSWORD": ""}, "RABBITMQ_PASSWORD"},
		"a pattern as routing key":       {map[string]string{"RABBITMQ_ROUTING_KEY": "parrot.*"}, "RABBITMQ_ROUTING_KEY"},
		"a name of the broker's own":     {map[string]string{"RABBITMQ_EXCHANGE": "amq.topic"}, "RABBITMQ_EXCHANGE"},
		"a name without room for others": {map[string]string{"RABBITMQ_QUEUE": strings.Repeat("q", 201)}, "RABBITMQ_QUEUE"},
		"certificates without TLS":       {map[string]string{"RABBITMQ_CA_FILE": "ca.pem"}, "RABBITMQ_CA_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			environment := map[string]string{}
			for _, m := range []map[string]string{valid, tt.change} {
				for k, v := range m {
					environment[k] = v
				}
			}
			_, err := parrot{}.spec().Load(config.Environ(environment))
			if tt.fault == "" && err != nil || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
				t.Errorf("got %v, want a fault of %q", err, tt.fault)
			}
		})
	}
}

// A service starts without its broker, and says so.
func TestAServiceStartsWithoutItsBroker(t *testing.T) {
	clean(t)
	cfg := servicetest.Config(t, parrot{}.spec(), map[string]string{
		"RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": "1", "RABBITMQ_PASSWORD": "secret",
	})
	i, _ := servicetest.Start(t, parrot{}.spec(), cfg, service.Parts{})
	if err := i.Infra.Bus.Ping(t.Context()); errs.KindOf(err) != errs.Unavailable || err == nil {
		t.Errorf("Ping = %v, want it unavailable", err)
	}
}

// sick is a bus whose Ping fails.
type sick struct {
	*memory.Bus
	err error
}

func (s sick) Ping(context.Context) error { return s.err }

func TestWhatHealthSaysOfTheBus(t *testing.T) {
	cfg := service.BusConfig{RabbitMQExchange: "parrots", RabbitMQQueue: "cries"}
	for name, tt := range map[string]struct {
		err    error
		reason string
	}{
		"healthy":    {nil, ""},
		"away":       {errs.ErrUnavailable.Wrap(errors.New("dial tcp 10.0.0.1:5672")), "not connected"},
		"blocked":    {rabbitmq.ErrBlocked.With("reason", "low on memory"), "blocked"},
		"mismatched": {rabbitmq.ErrMismatch.With("name", "cries"), "cries exists with other properties"},
	} {
		t.Run(name, func(t *testing.T) {
			check := service.BusCheck(sick{err: tt.err}, cfg)
			details, err := check.Probe(t.Context())
			reason, _ := details["reason"].(string)
			if !errors.Is(err, tt.err) || check.Name != "rabbitmq" || check.Critical || details["exchange"] != "parrots" || details["queue"] != "cries" ||
				!strings.Contains(reason, tt.reason) || (reason == "") != (tt.reason == "") || strings.Contains(reason, "10.0.0.1") {
				t.Errorf("%s says %v, %v; want the reason %q", check.Name, details, err, tt.reason)
			}
		})
	}
}
