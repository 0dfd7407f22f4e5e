package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"shop/kit/sqldb"
	"shop/notification/domain"
	"shop/notification/ports"
)

// arrival is an event on its way into the database.
type arrival struct {
	news          domain.News
	notifications []domain.Notification

	outcome ports.Outcome
}

// Record as in ports.Records. Events that arrive at about the same time share a
// transaction.
func (s *Store) Record(ctx context.Context, n domain.News, notifications []domain.Notification) (ports.Outcome, error) {
	a := &arrival{news: n, notifications: slices.Clone(notifications)}
	switch err := s.news.Do(ctx, a); {
	case errors.Is(err, errRemembered):
		return ports.Duplicate, nil
	case err != nil:
		return "", err
	}
	copy(notifications, a.notifications)
	return a.outcome, nil
}

// errRemembered says that there are notifications of an event that the inbox has
// forgotten.
var errRemembered = errors.New("the event is a duplicate")

func (s *Store) record(ctx context.Context, tx *sqldb.Tx, group []sqldb.Member[*arrival]) error {
	// Events of one order, the same event twice included, are compared one after
	// the other.
	order := func(a *arrival) int64 { return a.news.Order.ID }
	for _, round := range sqldb.Rounds(group, order) {
		if err := s.recordRound(ctx, tx, round); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) recordRound(ctx context.Context, tx *sqldb.Tx, round []*arrival) error {
	ids := make([]string, len(round))
	for i, a := range round {
		ids[i] = a.news.EventID
	}
	fresh, err := s.inbox.OnceEach(ctx, tx, s.queue, ids)
	if err != nil {
		return err
	}
	var news []*arrival
	for _, a := range round {
		if a.outcome = ports.Duplicate; fresh[a.news.EventID] {
			news = append(news, a)
		}
	}
	known, err := progress(ctx, tx, news)
	if err != nil {
		return err
	}
	var rows []row
	var recorded []*domain.Notification
	for _, a := range news {
		if a.outcome = ports.Superseded; a.news.Superseded(known[a.news.Order.ID]) {
			continue
		}
		a.outcome = ports.Recorded
		for i := range a.notifications {
			row := rowOf(a.notifications[i])
			row.ID = 0 // Also when this is run again.
			rows = append(rows, row)
			recorded = append(recorded, &a.notifications[i])
		}
	}
	err = s.rows.CreateAll(ctx, tx, rows)
	if errors.Is(err, sqldb.ErrDuplicate) {
		return errRemembered
	}
	for i, row := range rows {
		recorded[i].ID = row.ID
	}
	return err
}

// farther is the newest sequence handled of an order, an event's own included.
const farther = `ON CONFLICT (order_id) DO UPDATE SET sequence =
		CASE WHEN excluded.sequence > order_progress.sequence THEN excluded.sequence ELSE order_progress.sequence END
	RETURNING order_id, sequence`

// progress notes how far the orders of news have come and returns it. Their rows
// are locked until the transaction ends, so that two events of one order are
// compared one after the other.
func progress(ctx context.Context, tx *sqldb.Tx, news []*arrival) (known map[int64]int64, err error) {
	var rows []struct {
		Order    int64 `db:"order_id"`
		Sequence int64 `db:"sequence"`
	}
	steps := make([][]any, len(news))
	for i, a := range news {
		steps[i] = []any{a.news.Order.ID, a.news.Sequence}
	}
	if len(news) > 1 && tx.Dialect() == sqldb.Postgres {
		// In one order everywhere, so that no two transactions wait for each other.
		err = tx.Select(ctx, &rows, `INSERT INTO order_progress (order_id, sequence)
			SELECT id, sequence FROM unnest(CAST(? AS BIGINT[]), CAST(? AS BIGINT[])) AS given (id, sequence) ORDER BY id `+farther,
			sqldb.Columns(steps)...)
	} else {
		for _, step := range steps {
			if err == nil {
				err = tx.Select(ctx, &rows, `INSERT INTO order_progress (order_id, sequence) VALUES (?, ?) `+farther, step...)
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("note the progress of %d orders: %w", len(news), err)
	}
	known = make(map[int64]int64, len(rows))
	for _, row := range rows {
		known[row.Order] = row.Sequence
	}
	return known, nil
}
