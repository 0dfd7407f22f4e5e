package sql

import (
	"context"
	"errors"
	"time"

	"shop/kit/sqldb"

	"shop/product/domain"
)

// take takes pieces out of stock: it is one step, so no two can take the same
// piece.
const take = `UPDATE products SET quantity = quantity - ?, updated_at = ?, version = version + 1
	WHERE id = ? AND quantity >= ? AND price_minor > 0
	RETURNING id, name, name_folded, description, price_minor, quantity, created_at, updated_at, version`

// On Postgres claims of different products are one statement, their reservations
// included. What a reservation has of its product is what the product's row has.
// The rows are locked in one order everywhere, so that no two statements wait for
// each other, and each for no longer than a commit.
const (
	takeMany = `WITH claims AS (
			SELECT * FROM unnest(CAST(? AS UUID[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS TEXT[]),
					CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]))
				AS claim (id, product_id, quantity, state, created_at, expires_at, due_at)
		), locked AS MATERIALIZED (
			SELECT id FROM products WHERE id IN (SELECT product_id FROM claims) ORDER BY id FOR NO KEY UPDATE
		), changed AS (
			UPDATE products SET quantity = products.quantity - claims.quantity, updated_at = claims.created_at, version = version + 1
			FROM claims JOIN locked ON locked.id = claims.product_id
			WHERE products.id = claims.product_id AND products.quantity >= claims.quantity AND price_minor > 0
			RETURNING products.id, name, name_folded, description, price_minor, products.quantity,
				products.created_at, products.updated_at, version
		), reserved AS (
			INSERT INTO reservations
				(id, product_id, quantity, product_name, unit_price_minor, state, created_at, expires_at, due_at, attempts)
			SELECT claims.id, changed.id, claims.quantity, name, price_minor, state, claims.created_at, expires_at, due_at, 0
			FROM changed JOIN claims ON claims.product_id = changed.id
		)`
	takeManyAndNote = takeMany + `, ` + noted + ` SELECT * FROM changed`
	takeManyOnly    = takeMany + ` SELECT * FROM changed`
)

// taking is a claim on its way into the database.
type taking struct {
	claim domain.Claim
	row   reservation // Without what it has of its product.

	taken *product // As the claim left it; nil: it has not enough.
}

// take takes the pieces of a claim and stores its reservation, or returns
// sqldb.ErrNotFound or ErrDuplicate. Claims that come at about the same time share
// a commit.
func (s *Reservations) take(ctx context.Context, c domain.Claim, now time.Time, ttl time.Duration) (product, error) {
	t := &taking{claim: c, row: reservationRow(domain.Reserve(c, domain.Product{}, now, ttl))}
	if err := s.takings.Do(ctx, t); err != nil {
		return product{}, err
	}
	if t.taken == nil {
		return product{}, sqldb.ErrNotFound
	}
	return *t.taken, nil
}

// newTakings returns what carries out groups of takings in the way of the engine.
func (s *Reservations) newTakings() *sqldb.GroupCommit[*taking] {
	if s.db.Dialect() == sqldb.Postgres {
		return sqldb.NewGroupStatement(s.db, "products", s.takeRounds)
	}
	return sqldb.NewGroupCommit(s.db, "products", s.takeEach)
}

func (s *Reservations) takeRounds(ctx context.Context, q sqldb.Queryer, group []sqldb.Member[*taking]) error {
	rounds := sqldb.Rounds(group, func(t *taking) domain.ID { return t.claim.Product })
	if len(rounds) == 1 {
		return s.takeMany(ctx, q, rounds[0])
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for _, round := range rounds {
			if err := s.takeMany(ctx, tx, round); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Reservations) takeMany(ctx context.Context, q sqldb.Queryer, round []*taking) error {
	statement := takeManyOnly
	if s.invalidations != nil {
		statement = takeManyAndNote
	}
	claims := make([][]any, len(round))
	for i, t := range round {
		claims[i] = []any{t.row.ID, t.row.ProductID, t.row.Quantity, t.row.State, t.row.CreatedAt, t.row.ExpiresAt, t.row.DueAt}
	}
	var changed []product
	if err := q.Select(ctx, &changed, statement, sqldb.Columns(claims)...); err != nil {
		return err
	}
	byID := make(map[int64]*product, len(changed))
	for i := range changed {
		byID[changed[i].ID] = &changed[i]
	}
	for _, t := range round {
		t.taken = byID[t.row.ProductID]
	}
	return nil
}

// takeEach takes one claim after the other, on SQLite.
func (s *Reservations) takeEach(ctx context.Context, tx *sqldb.Tx, group []sqldb.Member[*taking]) error {
	for _, m := range group {
		t := m.Item
		p, err := s.invalidations.change(ctx, tx, take, t.row.Quantity, t.row.CreatedAt, t.row.ProductID, t.row.Quantity)
		if errors.Is(err, sqldb.ErrNotFound) {
			t.taken = nil
			continue
		}
		if err != nil {
			return err
		}
		row := t.row
		row.ProductName, row.UnitPriceMinor = p.Name, p.PriceMinor
		if err := s.rows.Create(ctx, tx, &row); err != nil {
			return err
		}
		t.taken = &p
	}
	return nil
}
