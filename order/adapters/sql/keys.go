package sql

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"shop/kit/errs"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
	"shop/order/domain"
	"shop/order/ports"
)

// Keys implements ports.Idempotency on the database of Orders. Each method is
// one statement that says what it expects to find, so no two requests carry out
// one key.
type Keys struct {
	db   *sqldb.DB
	rows sqldb.Repository[key]
}

var _ ports.Idempotency = (*Keys)(nil)

// NewKeys returns the keys in db, whose schema is migrated.
func NewKeys(db *sqldb.DB) *Keys {
	return &Keys{db, sqldb.NewRepository[key]("idempotency_keys", sqldb.Key("key"))}
}

// key is a row of the table idempotency_keys.
type key struct {
	UserID        int64        `db:"user_id"`
	Key           string       `db:"key"`
	Request       string       `db:"request"` // Hexadecimal.
	ReservationID string       `db:"reservation_id"`
	Attempt       int64        `db:"attempt"`
	LeaseUntil    sqldb.Micros `db:"lease_until"` // 0: given up.
	Outcome       string       `db:"outcome"`     // "": none yet.
	CreatedAt     sqldb.Micros `db:"created_at"`
}

func (s *Keys) Present(ctx context.Context, p ports.Presentation) (ports.Attempt, *domain.Outcome, error) {
	for {
		a, outcome, err := s.present(ctx, p)
		if !errors.Is(err, errRaced) {
			return a, outcome, err
		}
	}
}

// errRaced says that a row was not as it had been read.
var errRaced = errors.New("another request was faster")

func (s *Keys) present(ctx context.Context, p ports.Presentation) (ports.Attempt, *domain.Outcome, error) {
	found, err := s.rows.Find(ctx, s.db, "user_id = ? AND key = ?", int64(p.User), string(p.Key))
	if errors.Is(err, sqldb.ErrNotFound) {
		return s.first(ctx, p)
	}
	if err != nil {
		return ports.Attempt{}, nil, err
	}
	record, err := found.record()
	if err == nil {
		record, err = record.Present(p.Request, p.Reservation, p.At)
	}
	if err != nil || record.Outcome != nil {
		return ports.Attempt{}, record.Outcome, err
	}
	next := keyRow(p, record)
	n, err := s.db.Exec(ctx, `UPDATE idempotency_keys
		SET request = ?, reservation_id = ?, attempt = ?, lease_until = ?, outcome = '', created_at = ?
		WHERE user_id = ? AND key = ? AND attempt = ? AND lease_until = ? AND outcome = ?`,
		next.Request, next.ReservationID, next.Attempt, next.LeaseUntil, next.CreatedAt,
		found.UserID, found.Key, found.Attempt, found.LeaseUntil, found.Outcome)
	if err == nil && n == 0 {
		err = errRaced
	}
	return attempt(p, record), nil, err
}

// first stores a key that was never presented, or has been purged.
func (s *Keys) first(ctx context.Context, p ports.Presentation) (ports.Attempt, *domain.Outcome, error) {
	record := domain.NewKeyRecord(p.Request, p.Reservation, p.At)
	row := keyRow(p, record)
	err := s.rows.Create(ctx, s.db, &row)
	if errors.Is(err, sqldb.ErrDuplicate) {
		err = errRaced
	}
	return attempt(p, record), nil, err
}

func attempt(p ports.Presentation, r domain.KeyRecord) ports.Attempt {
	return ports.Attempt{User: p.User, Key: p.Key, Number: r.Attempt, Reservation: r.Reservation}
}

// mine selects the row of an attempt that was not superseded.
const mine = ` WHERE user_id = ? AND key = ? AND attempt = ? AND outcome = ''`

func (s *Keys) Renew(ctx context.Context, a ports.Attempt, r domain.ReservationID, now time.Time) (ports.Attempt, error) {
	a.Reservation = r
	return a, amend(ctx, s.db, `UPDATE idempotency_keys SET reservation_id = ?, lease_until = ?`+mine,
		string(r), sqldb.From(now.Add(domain.KeyLease)), int64(a.User), string(a.Key), a.Number)
}

func (s *Keys) Refuse(ctx context.Context, a ports.Attempt, e *errs.Error) error {
	return finish(ctx, s.db, a, outcome{Refusal: &refusal{e.Code, e.Params}})
}

// finish makes o the outcome of the attempt's key. In the transaction of an order
// there is no moment in which the order exists and its key is open.
func finish(ctx context.Context, q sqldb.Queryer, a ports.Attempt, o outcome) error {
	o.TraceID = telemetry.TraceID(ctx)
	text, err := o.text()
	if err != nil {
		return err
	}
	return amend(ctx, q, `UPDATE idempotency_keys SET outcome = ?`+mine, text, int64(a.User), string(a.Key), a.Number)
}

func (s *Keys) GiveUp(ctx context.Context, a ports.Attempt) error {
	err := amend(ctx, s.db, `UPDATE idempotency_keys SET lease_until = 0`+mine, int64(a.User), string(a.Key), a.Number)
	if errors.Is(err, ports.ErrSuperseded) {
		return nil
	}
	return err
}

// amend runs an update of one attempt's row.
func amend(ctx context.Context, q sqldb.Queryer, update string, args ...any) error {
	n, err := q.Exec(ctx, update, args...)
	if err != nil {
		return fmt.Errorf("update idempotency key: %w", err)
	}
	if n == 0 {
		return ports.ErrSuperseded
	}
	return nil
}

func (s *Keys) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.db.Exec(ctx, `DELETE FROM idempotency_keys WHERE (user_id, key) IN (
		SELECT user_id, key FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)`, sqldb.From(before), limit)
	if err != nil {
		return 0, fmt.Errorf("delete from idempotency_keys: %w", err)
	}
	return int(n), nil
}

func keyRow(p ports.Presentation, r domain.KeyRecord) key {
	return key{
		UserID: int64(p.User), Key: string(p.Key), Request: hex.EncodeToString(r.Request[:]),
		ReservationID: string(r.Reservation), Attempt: r.Attempt,
		LeaseUntil: sqldb.From(r.LeaseUntil), CreatedAt: sqldb.From(r.CreatedAt),
	}
}

func (row key) record() (domain.KeyRecord, error) {
	r := domain.KeyRecord{
		Reservation: domain.ReservationID(row.ReservationID), Attempt: row.Attempt,
		LeaseUntil: row.LeaseUntil.Time(), CreatedAt: row.CreatedAt.Time(),
	}
	request, err := hex.DecodeString(row.Request)
	if err != nil || copy(r.Request[:], request) != len(r.Request) {
		return r, fmt.Errorf("stored idempotency key: its request %q is no fingerprint", row.Request)
	}
	if row.Outcome == "" {
		return r, nil
	}
	r.Outcome, err = outcomeOf(row.Outcome)
	return r, err
}
