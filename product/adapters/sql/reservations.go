package sql

import (
	"context"
	"errors"
	"time"

	"shop/kit/sqldb"

	"shop/product/domain"
	"shop/product/ports"
)

// give puts pieces back into stock.
const give = `UPDATE products SET quantity = quantity + ?, updated_at = ?, version = version + 1
	WHERE id = ?
	RETURNING id, version`

// Reservations implements ports.Reservations on the database of Products.
type Reservations struct {
	db       *sqldb.DB
	rows     sqldb.Repository[reservation]
	products sqldb.Repository[product]
	inbox    sqldb.Inbox
	queue    string

	invalidations *Invalidations
	takings       *sqldb.GroupCommit[*taking]
}

var _ ports.Reservations = (*Reservations)(nil)

// NewReservations returns the reservations in db, whose schema is migrated.
// inbox remembers the messages of queue that asked for releases.
func NewReservations(db *sqldb.DB, inbox sqldb.Inbox, queue string, opts ...Option) *Reservations {
	s := &Reservations{
		db: db, rows: sqldb.NewRepository[reservation]("reservations"), products: productRows(),
		inbox: inbox, queue: queue, invalidations: with(opts).invalidations,
	}
	s.takings = s.newTakings()
	return s
}

// Reserve is one UPDATE and one INSERT where all goes well. Only if it does not
// go well is it asked whether this claim has been made before.
func (s *Reservations) Reserve(
	ctx context.Context, c domain.Claim, now time.Time, ttl time.Duration,
) (domain.Reservation, ports.Movement, error) {
	p, err := s.take(ctx, c, now, ttl)
	switch {
	case err == nil:
		return domain.Reserve(c, p.domain(), now, ttl), p.moved(), nil
	case errors.Is(err, sqldb.ErrNotFound), errors.Is(err, sqldb.ErrDuplicate):
		return s.repeated(ctx, c, now, ttl)
	default:
		return domain.Reservation{}, ports.Movement{}, err
	}
}

// repeated answers a claim that could not be made: as it was answered before, or
// why not.
func (s *Reservations) repeated(
	ctx context.Context, c domain.Claim, now time.Time, ttl time.Duration,
) (domain.Reservation, ports.Movement, error) {
	row, err := s.rows.Get(ctx, s.db, c.ID.String())
	if err == nil {
		return s.again(ctx, row, c)
	}
	if !errors.Is(err, sqldb.ErrNotFound) {
		return domain.Reservation{}, ports.Movement{}, err
	}
	p, err := s.products.Get(ctx, s.db, int64(c.Product))
	switch {
	case err != nil:
		err = notFound(err, c.Product)
	default:
		if _, err = p.domain().Take(c.Quantity, now); err == nil { // Given back just now.
			return s.Reserve(ctx, c, now, ttl)
		}
	}
	return domain.Reservation{}, ports.Movement{}, err
}

func (s *Reservations) again(
	ctx context.Context, row reservation, c domain.Claim,
) (domain.Reservation, ports.Movement, error) {
	known, err := row.domain()
	if err == nil {
		err = known.Repeats(c)
	}
	if err != nil {
		return domain.Reservation{}, ports.Movement{}, err
	}
	moved, err := s.movement(ctx, s.db, c.Product)
	return known, moved, err
}

// movement returns the movement that brought the product to where it is; none if
// it has been removed.
func (s *Reservations) movement(ctx context.Context, q sqldb.Queryer, id domain.ID) (ports.Movement, error) {
	row, err := s.products.Get(ctx, q, int64(id))
	if errors.Is(err, sqldb.ErrNotFound) {
		return ports.Movement{}, nil
	}
	return row.moved(), err
}

func (s *Reservations) Release(
	ctx context.Context, r ports.Release, now, purgeAt time.Time,
) (moved ports.Movement, err error) {
	for {
		err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
			moved, err = s.release(ctx, tx, r, now, purgeAt)
			return err
		})
		if !errors.Is(err, sqldb.ErrDuplicate) { // Else its claim has arrived in between.
			return moved, err
		}
	}
}

func (s *Reservations) release(
	ctx context.Context, tx *sqldb.Tx, r ports.Release, now, purgeAt time.Time,
) (ports.Movement, error) {
	if r.Message != "" {
		fresh, err := s.inbox.Once(ctx, tx, s.queue, r.Message)
		if err != nil {
			return ports.Movement{}, err
		}
		if !fresh {
			moved, err := s.movement(ctx, tx, r.Claim.Product)
			moved.Repeated = true
			return moved, err
		}
	}
	purge := sqldb.From(purgeAt)
	known, err := s.rows.Find(ctx, tx, byID(tx.Dialect()), r.Claim.ID.String())
	switch {
	case errors.Is(err, sqldb.ErrNotFound):
		return s.releaseUnknown(ctx, tx, r.Claim, now, purge)
	case err != nil:
		return ports.Movement{}, err
	case known.State == string(domain.Released):
		return s.movement(ctx, tx, domain.ID(known.ProductID))
	}
	known.State, known.PurgeAt = string(domain.Released), &purge
	if err := s.rows.Update(ctx, tx, &known); err != nil {
		return ports.Movement{}, err
	}
	return s.giveBack(ctx, tx, known, now)
}

func (s *Reservations) releaseUnknown(
	ctx context.Context, tx *sqldb.Tx, c domain.Claim, now time.Time, purge sqldb.Micros,
) (ports.Movement, error) {
	tombstone := reservationRow(domain.Tombstone(c, now))
	if c.ID.Adopted() {
		if err := s.rows.Create(ctx, tx, &tombstone); err != nil {
			return ports.Movement{}, err
		}
		return s.giveBack(ctx, tx, tombstone, now)
	}
	tombstone.PurgeAt = &purge
	return ports.Movement{}, s.rows.Create(ctx, tx, &tombstone)
}

// giveBack puts the pieces of a reservation back into stock.
func (s *Reservations) giveBack(ctx context.Context, tx *sqldb.Tx, r reservation, now time.Time) (ports.Movement, error) {
	p, err := s.invalidations.change(ctx, tx, give, r.Quantity, sqldb.From(now), r.ProductID)
	if errors.Is(err, sqldb.ErrNotFound) { // The product was removed: nothing to give back to.
		return ports.Movement{}, nil
	}
	return p.moved(), err
}
