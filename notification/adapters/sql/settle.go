package sql

import (
	"context"
	"fmt"

	"shop/kit/sqldb"
	"shop/notification/domain"
	"shop/notification/ports"
)

// ended is an attempt that has ended.
type ended struct {
	claimed, after domain.Notification

	lost bool // To another claim.
}

// Settle as in ports.Queue. Attempts that end at about the same time share a
// transaction.
func (s *Store) Settle(ctx context.Context, claimed, after domain.Notification) error {
	e := &ended{claimed: claimed, after: after}
	switch err := s.outcomes.Do(ctx, e); {
	case err != nil:
		return fmt.Errorf("store the outcome: %w", err)
	case e.lost:
		return ports.ErrLost
	}
	return nil
}

// The number of the attempt and the end of its claim tell it from every other one.
const (
	settleOne = `UPDATE notifications SET state = ?, recipient = ?, attempts = ?, reason = ?, due_at = ?, sent_at = ?
		WHERE id = ? AND state = 'pending' AND attempts = ? AND due_at = ?`
	settleMany = `UPDATE notifications SET state = ended.state, recipient = ended.recipient, attempts = ended.attempts,
			reason = ended.reason, due_at = ended.due_at, sent_at = ended.sent_at
		FROM unnest(CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS BIGINT[]), CAST(? AS TEXT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]),
				CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]))
			AS ended (state, recipient, attempts, reason, due_at, sent_at, id, attempt, claimed_until)
		WHERE notifications.id = ended.id AND notifications.state = 'pending'
			AND notifications.attempts = ended.attempt AND notifications.due_at = ended.claimed_until
		RETURNING notifications.id`
)

func (e *ended) args() []any {
	return []any{
		e.after.State, e.after.Recipient, e.after.Attempts, e.after.Reason, sqldb.From(e.after.DueAt), micros(e.after.SentAt),
		e.claimed.ID, e.claimed.Attempts, sqldb.From(e.claimed.DueAt),
	}
}

func settle(ctx context.Context, q sqldb.Queryer, group []sqldb.Member[*ended]) error {
	if len(group) > 1 && q.Dialect() == sqldb.Postgres {
		return settleTogether(ctx, q, group)
	}
	for _, m := range group {
		n, err := q.Exec(ctx, settleOne, m.Item.args()...)
		if err != nil {
			return err
		}
		m.Item.lost = n == 0
	}
	return nil
}

// settleTogether is one round trip. An attempt is in the group once, if at all:
// whoever made it settles it.
func settleTogether(ctx context.Context, q sqldb.Queryer, group []sqldb.Member[*ended]) error {
	rows := make([][]any, len(group))
	for i, m := range group {
		rows[i] = m.Item.args()
	}
	var ids []int64
	if err := q.Select(ctx, &ids, settleMany, sqldb.Columns(rows)...); err != nil {
		return err
	}
	settled := make(map[int64]bool, len(ids))
	for _, id := range ids {
		settled[id] = true
	}
	for _, m := range group {
		m.Item.lost = !settled[m.Item.claimed.ID]
	}
	return nil
}
