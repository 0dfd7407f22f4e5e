package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/shop/rest"
)

// Promise 8: SIGTERM under load. Each service's replicas are stopped and started
// in turn while requests of every kind come in, each on a connection of its own:
// every accepted one is answered, what was not acknowledged to RabbitMQ goes back
// and is handled by another, and the process ends by itself within 10 s.
func stopBreaksNothingOff(t *testing.T, s *stage) {
	const replicas = 2
	p := s.open(t, layout{
		replicas: map[string]int{"user": replicas, "product": replicas, "order": replicas, "notification": replicas},
		settings: map[string]string{"LOG_LEVEL": "info"}, // The access log shows which requests were accepted.
	})
	buyers := p.buyers(t, 4)
	product := p.stocked(t, buyers[0], 1_000_000)
	t.Run("under load", func(t *testing.T) { stoppedUnderLoad(t, p, buyers, product.ID) })
	t.Run("with its hands full", func(t *testing.T) { unacknowledged(t, p, buyers[0], product.ID) })
}

// stoppedUnderLoad stops and starts one replica after another.
func stoppedUnderLoad(t *testing.T, p *shop, buyers []rest.Session, product int64) {
	const stopping = 10 * time.Second
	for _, door := range []*rest.Client{&p.User, &p.Product, &p.Order, &p.Notification} {
		door.HTTP = &http.Client{Transport: &named{inner: &http.Transport{DisableKeepAlives: true}}, Timeout: patience}
	}
	log := &answers{goods: map[string]int{}}
	stop := meanwhile(t, func(ctx context.Context) { p.everything(ctx, buyers, product, log) })

	kinds := len(p.requests(buyers[0], product))
	const each = 5 // Answers of every kind between two stops.
	var stops times
	for n := range p.stage.form.stops {
		for _, service := range services {
			log.reset()
			testkit.Eventually(t, patience, func() bool { return log.good(each) == kinds }, "all is well")
			victim := p.processes[service][n%len(p.processes[service])]
			code, took := victim.Terminate(t)
			stops.Add(took)
			if code != 0 || took > margin*stopping {
				t.Errorf("%s ended with code %d after %s, want 0 within %s", victim.name, code, took, stopping)
				t.Log(lastWords(victim.logFile))
			}
			victim.Start(t)
		}
	}
	stop()
	brokenOff, unaccepted, refused := 0, 0, 0
	for _, a := range log.Failed() {
		var lost *unansweredError
		switch {
		case a.away():
			refused++
		case errors.As(a.err, &lost) && !p.accepted(t, lost.id):
			unaccepted++ // It came to a door that closed.
		default:
			brokenOff++
			t.Errorf("accepted and not answered: %s", a)
		}
	}
	start := time.Now()
	told := p.accounted(t, log.Posts(), log.placed.IDs())
	p.stage.report.Add(t, fmt.Sprintf("%d SIGTERMs of every service's replicas under load", stops.Count()),
		fmt.Sprintf("%d accepted requests not answered, %d answered with 503; %d came to a closed door; %s", brokenOff, refused, unaccepted, told),
		fmt.Sprintf("ended after %s at most; all notified %s after the last order", short(stops.Quantile(1)), short(time.Since(start))))
}

// unacknowledged stops the notification service with its hands full: it has taken
// messages and waits for the user service, which hangs.
func unacknowledged(t *testing.T, p *shop, buyer rest.Session, product int64) {
	const messages, stopping = 50, 10 * time.Second
	consumers, users := p.processes["notification"], p.processes["user"]
	for _, consumer := range consumers {
		consumer.Terminate(t)
	}
	c := &clients{shop: p, product: product, sessions: []rest.Session{buyer}}
	c.OrderN(t.Context(), messages)
	broker := newStranger(t, p.stage.rabbit.URL())
	eventually(t, patience, func() error { return broker.waiting(t, queue, messages) }, "the messages wait")
	for _, user := range users {
		user.Pause(t)
	}
	one := consumers[0]
	one.Start(t)
	eventually(t, patience, func() error { return broker.waiting(t, queue, 0) }, "the messages are taken")
	code, took := one.Terminate(t)
	if code != 0 || took > margin*stopping {
		t.Errorf("%s ended with code %d after %s, want 0 within %s", one.name, code, took, stopping)
	}
	eventually(t, patience, func() error { return broker.waiting(t, queue, messages) }, "the messages go back")
	for _, user := range users {
		user.Resume(t)
	}
	for _, consumer := range consumers {
		consumer.Start(t)
	}
	p.accounted(t, 0, c.placed.IDs())
	p.stage.report.Add(t, "notification stopped with messages that it had taken and not acknowledged",
		fmt.Sprintf("%d taken, %d back in the queue, each handled once by others", messages, messages), "ended after "+short(took))
}

// named gives each request an id, by which the services' logs know it.
type named struct {
	inner http.RoundTripper
	last  atomic.Int64
}

// unansweredError is what became of a request that got no answer.
type unansweredError struct {
	id  string
	err error
}

func (e *unansweredError) Error() string { return e.id + ": " + e.err.Error() }
func (e *unansweredError) Unwrap() error { return e.err }

// RoundTrip implements http.RoundTripper.
func (n *named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	id := fmt.Sprintf("%s-%d", r.URL.Port(), n.last.Add(1))
	r.Header.Set("X-Request-Id", id)
	a, err := n.inner.RoundTrip(r)
	if err != nil {
		err = &unansweredError{id, err}
	}
	return a, err
}

// accepted reports whether the log of any process has a request of this id.
func (p *shop) accepted(t *testing.T, id string) bool {
	t.Helper()
	for _, service := range services {
		for _, one := range p.processes[service] {
			log, err := os.ReadFile(one.logFile)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(log, []byte(`"request_id":"`+id+`"`)) {
				return true
			}
		}
	}
	return false
}
