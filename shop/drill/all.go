package drill

import (
	"strings"
	"time"

	"shop/kit/testkit/jaegerapi"
	"shop/shop/control"
)

// All returns the twelve drills. The last is the one whose alerts look back for
// longest.
func All() []Drill {
	return []Drill{
		{
			Name: "broker-down", Story: "RabbitMQ is gone. Orders are taken, their events wait in the outbox.",
			Fault: control.BrokerDown, Clients: oneOrder, Least: 5 * time.Second,
			Alert: Expected{Name: "BrokerDisconnected", Family: "messaging", Within: 5 * time.Minute},
			Panel: Panel{"shop-messaging", "Is the broker seen?"},
			Trace: &Trace{"order", "its event is published late, when the broker is back", publishedLate(time.Second)},
		},
		{
			Name: "redis-hangs", Story: "Redis keeps its connections and says nothing. Products are read from the database.",
			Fault: control.RedisHangs, Clients: readers(readsPerSecond),
			Alert: Expected{Name: "CacheUnavailable", Family: "cache", Within: 5 * time.Minute},
			Panel: Panel{"shop-cache", "Lookups that Redis did not answer"},
			Trace: &Trace{"product", "a command to Redis fails, and the database answers", failed("product", "db.system.name", "redis")},
		},
		{
			Name: "product-fails", Story: "The only replica of product says that it can't serve. For want of another, Envoys send it requests all the same.",
			Fault: control.ProductFails, Clients: readers(fewReadsPerSecond),
			Alert: Expected{Name: "EndpointsUnhealthy", Family: "mesh", Within: 5 * time.Minute},
			Panel: Panel{"shop-mesh", "The part of the replicas that is used"},
		},
		{
			Name: "postgres-restarted", Story: "PostgreSQL is restarted.",
			Fault: control.PostgresDown, Clients: visitors, Least: 3 * time.Second,
			Alert: Expected{Name: "DatabaseUnavailable", Family: "database", Within: 5 * time.Minute},
			Panel: Panel{"shop-overview", "Failed statements"},
			Trace: &Trace{"user", "a statement fails", failed("user", "db.system.name", "postgresql")},
		},
		{
			Name: "certificate-broken", Story: "A rotation goes wrong: product's new key is not its certificate's. Envoy serves on with the old one.",
			Fault: control.CertificateBroken,
			Alert: Expected{Name: "CertificateRotationFailed", Family: "certificates", Within: 5 * time.Minute},
			Panel: Panel{"shop-mesh", "Agents"},
		},
		{
			Name: "poison-message", Story: "A message comes that nobody can read. It goes to the dead letters, the others are handled.",
			Fault: control.PoisonMessage,
			Alert: Expected{Name: "DeadLetterQueueNotEmpty", Family: "messaging", Within: 2 * time.Minute},
			Panel: Panel{"shop-messaging", "Dead letters"},
			Trace: &Trace{"notification", "the message is refused", failed("notification", "messaging.operation.type", "process")},
		},
		{
			Name: "login-flood", Story: "Somebody tries passwords.",
			Clients: guesser,
			Alert:   Expected{Name: "LoginFlood", Family: "security", Within: 8 * time.Minute},
			Panel:   Panel{"shop-overview", "Logins and refusals"},
			Trace:   &Trace{"user", "the login is refused", refusedLogin},
		},
		{
			Name: "stampede", Story: "The cache is emptied again and again while everybody reads. Each key is loaded once, but that often.",
			Fault: control.CacheEmptied, Clients: readers(readsPerSecond),
			Alert: Expected{Name: "CacheHitRatioLow", Family: "cache", Within: 30 * time.Minute},
			Panel: Panel{"shop-cache", "Hit ratio"},
			Trace: &Trace{"product", "the cache has nothing, the database is asked", missed},
		},
		{
			Name: "outbox-stopped", Story: "The relay of the outbox stands still. Orders are taken, nobody is told.",
			Fault: control.OutboxHeld, Clients: oneOrder,
			Alert: Expected{Name: "OutboxStalled", Family: "messaging", Within: 5 * time.Minute},
			Panel: Panel{"shop-messaging", "Oldest event in the outbox"},
			Trace: &Trace{"order", "a minute and more lies between the order and its event", publishedLate(30 * time.Second)},
		},
		{
			Name: "sidecar-killed", Story: "The Envoy of order is killed, and its pod with it. The edge answers 503 until it is back.",
			Fault: control.SidecarKilled, Clients: callers, Least: 5 * time.Second,
			Alert: Expected{Name: "TargetDown", Family: "mesh", Labels: map[string]string{"job": "envoy", "service": "order"}, Within: 5 * time.Minute},
			Panel: Panel{"shop-overview", "Can Prometheus read every target?"},
			Trace: &Trace{"edge", "the edge has nobody to send the request to", unserved},
		},
		{
			Name: "gateway-down", Story: "The gateway for short messages is gone. Messages are tried again later.",
			Fault: control.GatewayDown, Clients: oneOrderOnItsWay,
			Alert: Expected{Name: "NotificationDeliveriesFailing", Family: "notification", Within: 15 * time.Minute},
			Panel: Panel{"shop-messaging", "Attempts by channel and outcome"},
			Trace: &Trace{"notification", "the order is there, the message to its buyer fails", undelivered},
		},
		{
			Name: "user-slow", Story: "The user service takes its time. Every request with a token waits for it.",
			Fault: control.UserSlow, Clients: buyers,
			Alert: Expected{Name: "ValidateTokenLatencyBurn", Family: "auth", Labels: map[string]string{"burn": "fast"}, Within: 80 * time.Minute},
			Panel: Panel{"shop-validate-token", "One hop from four places ($quantile)"},
			Trace: &Trace{"order", "the question for the token takes nearly all of the time", slowQuestion},
		},
	}
}

// anySpan reports whether a span of t is as want says.
func anySpan(want func(jaegerapi.Span) bool) func(jaegerapi.Trace) bool {
	return func(t jaegerapi.Trace) bool { return len(t.Where(want)) > 0 }
}

// failed finds a failed span of service with an attribute.
func failed(service, key, value string) func(jaegerapi.Trace) bool {
	return anySpan(func(s jaegerapi.Span) bool { return s.Service == service && s.Failed && s.Attributes[key] == value })
}

// publishedLate finds an event that was published so long after it was made.
func publishedLate(by time.Duration) func(jaegerapi.Trace) bool {
	return func(t jaegerapi.Trace) bool {
		made := t.Where(func(s jaegerapi.Span) bool { return s.Kind == "PRODUCER" && strings.HasPrefix(s.Name, "create ") })
		return len(made) > 0 && anySpan(func(s jaegerapi.Span) bool {
			return s.Service == "order" && strings.HasPrefix(s.Name, "publish ") && !s.Failed && s.Start.Sub(made[0].End) >= by
		})(t)
	}
}

// slow is what the goal allows a question for a token.
const slow = 20 * time.Millisecond

var slowQuestion = anySpan(func(s jaegerapi.Span) bool {
	return s.Service == "order" && s.Attributes["auth.outcome"] == "valid" && s.End.Sub(s.Start) > slow
})

// unserved: no replica is healthy, says Envoy (response flag UH), or none answers.
var unserved = anySpan(func(s jaegerapi.Span) bool {
	return s.Service == "edge" && s.Attributes["http.status_code"] == "503"
})

var refusedLogin = anySpan(func(s jaegerapi.Span) bool {
	code := s.Attributes["http.response.status_code"]
	return s.Service == "user" && strings.HasSuffix(s.Name, "/login") && (code == "401" || code == "429")
})

// missed finds a read that the cache had no answer for, and the statement that did.
func missed(t jaegerapi.Trace) bool {
	sql := anySpan(func(s jaegerapi.Span) bool {
		return s.Service == "product" && s.Attributes["db.system.name"] == "postgresql"
	})
	redis := anySpan(func(s jaegerapi.Span) bool {
		return s.Service == "product" && s.Attributes["db.system.name"] == "redis"
	})
	return sql(t) && redis(t)
}

// undelivered finds an attempt to tell a buyer that failed.
var undelivered = anySpan(func(s jaegerapi.Span) bool {
	return s.Service == "notification" && s.Failed && s.Kind == "CLIENT"
})
