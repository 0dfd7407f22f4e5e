package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// The audits look into the databases: they see also what no client is shown.

// count returns the one number that query gives in the database of service.
func (p *shop) count(ctx context.Context, service, query string, args ...any) (n int64, err error) {
	if err := p.databases[service].QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count in %s: %w", service, err)
	}
	return n, nil
}

// list appends the one column that query gives in the database of service.
func (p *shop) list(ctx context.Context, into *[]string, service, query string, args ...any) error {
	rows, err := p.databases[service].QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("list in %s: %w", service, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return fmt.Errorf("list in %s: %w", service, err)
		}
		*into = append(*into, s)
	}
	return rows.Err()
}

// mustCount is count where the database is known to be there.
func (p *shop) mustCount(t *testing.T, service, query string, args ...any) int64 {
	t.Helper()
	n, err := p.count(t.Context(), service, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tally is what became of orders: which exist, and what the records of
// notifications say of them.
type tally struct {
	Attempts, Acknowledged, Exist, Notified int
	Vanished                                int // Acknowledged, but there is no such order.
	Lost                                    int // Notifications that are missing: one for each order and channel.
	Duplicated                              int // Notifications beyond that one.
	Unexpected                              int // Notifications of orders that do not exist.
}

func (c tally) String() string {
	return fmt.Sprintf("%d attempts, %d acknowledged, %d exist, %d notified, %d vanished, %d lost, %d duplicated, %d unexpected",
		c.Attempts, c.Acknowledged, c.Exist, c.Notified, c.Vanished, c.Lost, c.Duplicated, c.Unexpected)
}

// Wrong reports whether something is not as promised.
func (c tally) Wrong() error {
	if c.Vanished+c.Lost+c.Duplicated+c.Unexpected > 0 {
		return errors.New(c.String())
	}
	return nil
}

// tally compares the acknowledged orders and those of order's database with the
// notifications that were recorded of their creation, one by each channel. An
// order whose answer was lost on the way exists and is notified, though nobody
// was answered.
func (p *shop) tally(ctx context.Context, attempts int, acknowledged []string) (tally, error) {
	var orders, told []string
	err := errors.Join(
		p.list(ctx, &orders, "order", `SELECT id FROM orders`),
		p.list(ctx, &told, "notification", `SELECT order_id || ' ' || channel FROM notifications WHERE event = 'order.created' AND state = 'sent'`),
	)
	var want []string
	for _, id := range orders {
		for _, channel := range p.channels {
			want = append(want, id+" "+channel)
		}
	}
	return tally{
		Attempts: attempts, Acknowledged: len(acknowledged), Exist: len(orders), Notified: len(told),
		Vanished:   len(without(acknowledged, orders)),
		Lost:       len(without(want, told)),
		Duplicated: len(told) - len(slices.Compact(slices.Sorted(slices.Values(told)))),
		Unexpected: len(without(told, want)),
	}, err
}

// accounted waits until each order has exactly the notifications that it should
// have, and returns the tally.
func (p *shop) accounted(t *testing.T, attempts int, acknowledged []string) (c tally) {
	t.Helper()
	eventually(t, 3*patience, func() (err error) {
		if c, err = p.tally(t.Context(), attempts, acknowledged); err == nil {
			err = c.Wrong()
		}
		return err
	}, "each order has exactly one notification")
	return c
}

// without returns what is in all and not in some.
func without(all, some []string) (rest []string) {
	known := make(map[string]bool, len(some))
	for _, s := range some {
		known[s] = true
	}
	for _, a := range all {
		if !known[a] {
			rest = append(rest, a)
		}
	}
	return rest
}

// inStock and sold are the two sides of a product's balance.
func (p *shop) inStock(ctx context.Context, product int64) (int64, error) {
	return p.count(ctx, "product", `SELECT quantity FROM products WHERE id = $1`, product)
}

func (p *shop) sold(ctx context.Context, product int64) (int64, error) {
	return p.count(ctx, "order", `SELECT coalesce(sum(quantity), 0) FROM orders WHERE product_id = $1 AND status <> 'cancelled'`, product)
}

// balanced is nil when what is in stock and what live orders hold is together
// what there was, and no reservation waits for its order.
func (p *shop) balanced(ctx context.Context, product, stock int64) error {
	left, err := p.inStock(ctx, product)
	if err != nil {
		return err
	}
	sold, err := p.sold(ctx, product)
	if err != nil {
		return err
	}
	open, err := p.openReservations(ctx)
	switch {
	case err != nil:
		return err
	case left < 0:
		return fmt.Errorf("%d in stock", left)
	case left+sold != stock || open > 0:
		return fmt.Errorf("%d in stock + %d sold, want %d; %d reservations are open", left, sold, stock, open)
	}
	return nil
}

// awaitBalance waits until stock and live orders are what there was.
func (p *shop) awaitBalance(t *testing.T, product, stock int64) {
	t.Helper()
	eventually(t, patience, func() error { return p.balanced(t.Context(), product, stock) }, "stock + sold is what there was")
}

func (p *shop) openReservations(ctx context.Context) (int64, error) {
	return p.count(ctx, "product", `SELECT count(*) FROM reservations WHERE state = 'open'`)
}

// halfWritten counts what a transaction that was torn apart would leave: orders
// without their reservation's outcome, their history or their events, and orders
// whose pieces are not set aside.
func (p *shop) halfWritten(ctx context.Context) (n int64, err error) {
	for _, query := range []string{
		`SELECT count(*) FROM orders o WHERE NOT EXISTS
			(SELECT 1 FROM reservations r WHERE r.id = o.reservation_id AND r.order_id = o.id AND r.outcome = 'ordered')`,
		`SELECT count(*) FROM reservations r WHERE r.outcome = 'ordered' AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = r.order_id)`,
		`SELECT count(*) FROM orders o WHERE
			(SELECT count(*) FROM order_history h WHERE h.order_id = o.id) <> (SELECT count(*) FROM outbox e WHERE e.key = o.id::text)`,
		`SELECT count(*) FROM orders o WHERE
			coalesce((SELECT max(sequence) FROM outbox e WHERE e.key = o.id::text), 0) <> (SELECT count(*) FROM outbox e WHERE e.key = o.id::text)`,
		`SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM outbox e WHERE e.key = o.id::text AND e.type = 'order.created')`,
	} {
		torn, err := p.count(ctx, "order", query)
		if err != nil {
			return 0, err
		}
		n += torn
	}
	return n, nil
}
