package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/testkit"
	"shop/shop/rest"
)

// Promise 7: what is away is no fault of a message. With the user service or
// notification's database away, for two minutes in the long form, nothing is
// dead-lettered and all is handled afterwards. A message that can never be
// handled goes to the dead letters with its reason, and the next good one is
// handled within 1 s; one that failed because of something that has been mended
// since is handled once when it is replayed.
func awayIsNoFault(t *testing.T, s *stage) {
	p := s.open(t, layout{links: []link{{"notification", "postgres"}}})
	buyers := p.buyers(t, 3)
	product := p.stocked(t, buyers[0], 1_000_000)
	// The ladder of the last one takes half a minute; it is climbed meanwhile.
	mended := p.fault(t, buyers[2], product.ID)
	t.Run("user service", func(t *testing.T) {
		user := p.processes["user"][0]
		notAFault(t, p, mended, "the user service", buyers[0], product.ID, user.Kill, func() { user.Start(t) })
	})
	t.Run("database", func(t *testing.T) {
		way := p.links[link{"notification", "postgres"}]
		notAFault(t, p, mended, "notification's database", buyers[0], product.ID, way.Cut, way.Mend)
	})
	t.Run("poison", func(t *testing.T) { poison(t, p, buyers[1], product.ID) })
	t.Run("replay", func(t *testing.T) { replayed(t, p, mended) })
}

const queue = "order_notifications"

// notAFault takes something away while events wait and come in. Nothing of it is
// dead-lettered; the message of the order at fault may be, by now.
func notAFault(t *testing.T, p *shop, fault int64, what string, buyer rest.Session, product int64, leave, back func()) {
	const before = 30
	notification := p.processes["notification"][0]
	c := &clients{shop: p, product: product, sessions: []rest.Session{buyer}}
	notification.Pause(t) // So that events wait.
	c.OrderN(t.Context(), before)
	leave()
	gone := time.Now()
	notification.Resume(t)
	for time.Since(gone) < p.stage.form.away {
		// Without the user service there are none; without the database they go on.
		_, _, _ = buy(t.Context(), p.Order, buyer, product, 1)
		select {
		case <-time.After(p.stage.form.away / 50):
		case <-t.Context().Done():
		}
	}
	unhandled := p.mustCount(t, "order", `SELECT count(*) FROM orders`) - p.mustCount(t, "notification", `SELECT count(*) FROM inbox`)
	if unhandled < before {
		t.Errorf("%d events waited for %s, want at least %d", unhandled, what, before)
	}
	back()
	returned := time.Now()
	eventually(t, 2*patience, func() error {
		told, err := p.tally(t.Context(), 0, c.placed.IDs())
		if err == nil && (told.Lost > 1 || told.Duplicated+told.Unexpected+told.Vanished > 0) { // One is at fault.
			err = fmt.Errorf("%s", told)
		}
		return err
	}, "all is handled")
	took := time.Since(returned)
	for _, d := range p.deadLetters(t) {
		if !d.about(fault) {
			t.Errorf("dead-lettered because %s was away: %+v", what, d)
		}
	}
	p.stage.report.Add(t, fmt.Sprintf("%s away for %s", what, p.stage.form.away),
		fmt.Sprintf("%d events waited, 0 dead-lettered, all handled", unhandled), short(took)+" after the return")
}

// poison publishes messages that can never be handled, and then a good one.
func poison(t *testing.T, p *shop, buyer rest.Session, product int64) {
	const next = time.Second
	poisons := map[string]string{
		"bad JSON":      `{"event":"order.created","data":{`,
		"missing field": `{"event":"order.created","data":{"order_id":1}}`,
		"unknown type":  `{"event":"order.exploded","data":{"order_id":1}}`,
		"10 MiB":        `{"event":"order.created","data":{"product_name":"` + strings.Repeat("x", 10<<20) + `"}}`,
	}
	broker := newStranger(t, p.stage.rabbit.URL())
	for id, body := range poisons {
		broker.publish(t, queue, amqp.Publishing{
			MessageId: id, Type: "order.created", ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: []byte(body),
		})
	}
	start := time.Now()
	good := p.mustOrder(t, buyer, product, 1)
	testkit.Eventually(t, patience, func() error { return p.toldOf(t.Context(), good.ID) }, "the next good one is handled")
	took := time.Since(start)
	if took > margin*next {
		t.Errorf("the good one after the poison was handled after %s, want %s", took, next)
	}
	var reasons []string
	eventually(t, patience, func() error {
		reasons = nil
		for _, d := range p.deadLetters(t) {
			if _, ok := poisons[d.id]; ok && d.reason != "" {
				reasons = append(reasons, fmt.Sprintf("%s: %.60s", d.id, d.reason))
			}
		}
		if len(reasons) != len(poisons) {
			return fmt.Errorf("dead letters with reasons are %q, want one for each of %d", reasons, len(poisons))
		}
		return nil
	}, "the poison is dead-lettered")
	p.stage.report.Add(t, "poison: bad JSON, missing field, unknown type, 10 MiB", strings.Join(reasons, "; "),
		"the next good one handled after "+short(took))
}

// fault makes the database of notification refuse whatever concerns one buyer,
// and places an order of theirs.
func (p *shop) fault(t *testing.T, buyer rest.Session, product int64) (id int64) {
	t.Helper()
	var account rest.Account
	a, err := p.User.As(buyer.AccessToken).Get(t.Context(), "/users/me")
	if err == nil {
		err = a.Into(&account)
	}
	if err == nil {
		_, err = p.databases["notification"].ExecContext(t.Context(),
			fmt.Sprintf(`ALTER TABLE notifications ADD CONSTRAINT fault CHECK (user_id <> %d)`, account.ID))
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.mustOrder(t, buyer, product, 1).ID
}

// replayed waits until the order's message is given up, mends what was wrong and
// replays it, twice.
func replayed(t *testing.T, p *shop, id int64) {
	var letter dead
	eventually(t, patience, func() error {
		for _, d := range p.deadLetters(t) {
			if d.about(id) {
				letter = d
				return nil
			}
		}
		return fmt.Errorf("no dead letter of order %d", id)
	}, "the message at fault is given up")
	if _, err := p.databases["notification"].ExecContext(t.Context(), `ALTER TABLE notifications DROP CONSTRAINT fault`); err != nil {
		t.Fatal(err)
	}
	if out := p.command(t, "dlq", "list"); !strings.Contains(out, letter.id) {
		t.Errorf("shop dlq list does not show %s:\n%s", letter.id, out)
	}
	out := p.command(t, "dlq", "replay", queue, letter.id)
	testkit.Eventually(t, patience, func() error { return p.toldOf(t.Context(), id) }, "the replayed one is handled")
	again := p.command(t, "dlq", "replay", queue, letter.id)
	if !strings.Contains(out, "1 put back") || !strings.Contains(again, "0 put back") {
		t.Errorf("the replays say %q and %q, want 1 and 0 put back", out, again)
	}
	p.accounted(t, 0, nil)
	p.stage.report.Add(t, "shop dlq replay of one whose fault was mended, twice",
		fmt.Sprintf("given up after %d attempts, handled once", letter.attempts), "")
}

// dead is a dead letter as the operator sees it.
type dead struct {
	id, reason, data string
	attempts         int
}

// about reports whether the letter is of an event of the order.
func (d dead) about(order int64) bool {
	return strings.Contains(d.data, fmt.Sprintf(`"order_id":%d,`, order))
}

func (p *shop) deadLetters(t *testing.T) (all []dead) {
	t.Helper()
	letters, err := p.admin.DeadLetters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range letters {
		all = append(all, dead{l.ID, l.Reason, string(l.Data), l.Attempts})
	}
	return all
}

// toldOf is nil when the order's creation was told exactly once.
func (p *shop) toldOf(ctx context.Context, id int64) error {
	n, err := p.count(ctx, "notification", `SELECT count(*) FROM notifications WHERE order_id = $1 AND event = 'order.created' AND state = 'sent'`, id)
	if err == nil && n != 1 {
		err = fmt.Errorf("order %d has %d notifications", id, n)
	}
	return err
}

// command runs the shop's command against the shop.
func (p *shop) command(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, bad bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(p.stage.programs, "shop"), append(args, "--base-port", strconv.Itoa(p.basePort))...)
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil {
		t.Fatalf("shop %s: %v\n%s", strings.Join(args, " "), err, bad.String())
	}
	return out.String()
}
