package sql

import (
	"context"
	"fmt"
	"time"

	"shop/kit/sqldb"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Claim as in ports.Queue. It looks before it writes: an idle dispatcher must not
// queue up for SQLite's one writer again and again.
func (s *Store) Claim(
	ctx context.Context, c domain.Channel, now, until time.Time, limit int,
) ([]domain.Notification, error) {
	var due int
	err := s.db.Get(ctx, &due, `
		SELECT count(*) FROM (
			SELECT 1 FROM notifications WHERE channel = ? AND state = 'pending' AND due_at <= ? LIMIT 1
		) AS due`, c, sqldb.From(now))
	if err != nil {
		return nil, fmt.Errorf("look for due notifications: %w", err)
	}
	if due == 0 {
		return nil, nil
	}
	var rows []row
	err = s.db.Select(ctx, &rows, s.claiming(), c, sqldb.From(now), limit, sqldb.From(until))
	if err != nil {
		return nil, fmt.Errorf("claim due notifications: %w", err)
	}
	return notifications(rows), nil
}

// claiming returns the statement that claims. In PostgreSQL it passes over what
// another dispatcher is claiming at the same moment, instead of waiting for it.
func (s *Store) claiming() string {
	skip := ""
	if s.db.Dialect() == sqldb.Postgres {
		skip = "FOR UPDATE SKIP LOCKED"
	}
	return `
		WITH due AS MATERIALIZED (
			SELECT id FROM notifications WHERE channel = ? AND state = 'pending' AND due_at <= ?
			ORDER BY due_at, id LIMIT ? ` + skip + `
		)
		UPDATE notifications SET attempts = attempts + 1, due_at = ? FROM due WHERE notifications.id = due.id
		RETURNING ` + columns
}

// Settle as in ports.Queue. The number of the attempt and the end of its claim
// tell it from every other attempt.
func (s *Store) Settle(ctx context.Context, claimed, after domain.Notification) error {
	n, err := s.db.Exec(ctx, `
		UPDATE notifications SET state = ?, recipient = ?, attempts = ?, reason = ?, due_at = ?, sent_at = ?
		WHERE id = ? AND state = 'pending' AND attempts = ? AND due_at = ?`,
		after.State, after.Recipient, after.Attempts, after.Reason, sqldb.From(after.DueAt), micros(after.SentAt),
		claimed.ID, claimed.Attempts, sqldb.From(claimed.DueAt))
	if err != nil {
		return fmt.Errorf("store the outcome: %w", err)
	}
	if n == 0 {
		return ports.ErrLost
	}
	return nil
}

// Waiting as in ports.Queue.
func (s *Store) Waiting(ctx context.Context) (map[domain.Channel]int64, error) {
	var counts []struct {
		Channel domain.Channel `db:"channel"`
		N       int64          `db:"n"`
	}
	err := s.db.Select(ctx, &counts,
		`SELECT channel, count(*) AS n FROM notifications WHERE state = 'pending' GROUP BY channel`)
	if err != nil {
		return nil, fmt.Errorf("count waiting notifications: %w", err)
	}
	waiting := map[domain.Channel]int64{}
	for _, c := range counts {
		waiting[c.Channel] = c.N
	}
	return waiting, nil
}
