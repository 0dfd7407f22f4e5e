package sql

import (
	"context"
	"fmt"
	"time"

	"shop/kit/sqldb"
	"shop/notification/domain"
)

// Claim as in ports.Queue.
func (s *Store) Claim(
	ctx context.Context, c domain.Channel, now, until time.Time, limit int,
) ([]domain.Notification, error) {
	if worth, err := s.worthClaiming(ctx, c, now); !worth {
		return nil, err
	}
	var rows []row
	err := s.db.Select(ctx, &rows, s.claiming(), c, sqldb.From(now), limit, sqldb.From(until))
	if err != nil {
		return nil, fmt.Errorf("claim due notifications: %w", err)
	}
	return notifications(rows), nil
}

// worthClaiming looks before Claim writes where an idle dispatcher would queue up
// for the one writer again and again. PostgreSQL has no such queue.
func (s *Store) worthClaiming(ctx context.Context, c domain.Channel, now time.Time) (bool, error) {
	if s.db.Dialect() == sqldb.Postgres {
		return true, nil
	}
	var due int
	err := s.db.Get(ctx, &due, `
		SELECT count(*) FROM (
			SELECT 1 FROM notifications WHERE channel = ? AND state = 'pending' AND due_at <= ? LIMIT 1
		) AS due`, c, sqldb.From(now))
	if err != nil {
		return false, fmt.Errorf("look for due notifications: %w", err)
	}
	return due > 0, nil
}

// claiming returns the statement that claims. In PostgreSQL it passes over what
// another dispatcher is claiming at the same moment, instead of waiting for it,
// and it doesn't wait for the disk: a claim that a crash of the server undoes is
// made again.
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
		UPDATE notifications SET attempts = attempts + 1, due_at = ? FROM due
		WHERE notifications.id = due.id` + s.db.Dialect().WithoutFlush() + `
		RETURNING ` + columns
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
