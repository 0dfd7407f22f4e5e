package sql

import (
	"context"
	"errors"

	"shop/kit/sqldb"

	"shop/product/domain"
	"shop/product/ports"
)

// Products implements ports.Products on a database.
type Products struct {
	db            *sqldb.DB
	rows          sqldb.Repository[product]
	invalidations *Invalidations
}

var _ ports.Products = (*Products)(nil)

// NewProducts returns the products in db, whose schema is migrated.
func NewProducts(db *sqldb.DB, opts ...Option) *Products {
	return &Products{db, productRows(), with(opts).invalidations}
}

func (s *Products) Add(ctx context.Context, p domain.Product) (domain.Product, error) {
	row := productRow(p)
	row.ID = 0
	var err error
	if s.invalidations == nil {
		err = s.rows.Create(ctx, s.db, &row)
	} else {
		err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
			row.ID = 0
			if err := s.rows.Create(ctx, tx, &row); err != nil {
				return err
			}
			return s.invalidations.note(ctx, tx, domain.ID(row.ID), row.Version)
		})
	}
	if err != nil {
		return domain.Product{}, err
	}
	return row.domain(), nil
}

func (s *Products) Get(ctx context.Context, id domain.ID) (domain.Product, error) {
	row, err := s.rows.Get(ctx, s.db, int64(id))
	if err != nil {
		return domain.Product{}, notFound(err, id)
	}
	return row.domain(), nil
}

func (s *Products) List(ctx context.Context, l ports.List, limit int) ([]domain.Product, error) {
	where := filter(l.Filter, s.db.Dialect())
	where.after(l.After)
	rows, err := s.rows.List(ctx, s.db, sqldb.Query{
		Where: where.text(), Args: where.args, OrderBy: orderBy(l.Sort), Limit: limit, Offset: l.Skip,
	})
	if err != nil {
		return nil, err
	}
	found := make([]domain.Product, len(rows))
	for i, row := range rows {
		found[i] = row.domain()
	}
	return found, nil
}

func (s *Products) Count(ctx context.Context, f domain.Filter, ceiling int64) (n int64, exact bool, err error) {
	where := filter(f, s.db.Dialect())
	return s.rows.Count(ctx, s.db, where.text(), where.args, ceiling)
}

func (s *Products) Update(
	ctx context.Context, id domain.ID, change func(domain.Product) (domain.Product, error),
) (updated domain.Product, err error) {
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		row, err := s.rows.Find(ctx, tx, byID(tx.Dialect()), int64(id))
		if err != nil {
			return notFound(err, id)
		}
		was := row.domain()
		if updated, err = change(was); err != nil || updated.Version == was.Version {
			return err
		}
		row = productRow(updated)
		row.Version = was.Version // The repository sets the next one.
		if err := s.rows.Update(ctx, tx, &row); err != nil {
			return err
		}
		return s.invalidations.note(ctx, tx, id, updated.Version)
	})
	if err != nil {
		return domain.Product{}, err
	}
	return updated, nil
}

func (s *Products) Remove(
	ctx context.Context, id domain.ID, allow func(domain.Product) error,
) (removed domain.Product, err error) {
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		row, err := s.rows.Find(ctx, tx, byID(tx.Dialect()), int64(id))
		if err != nil {
			return notFound(err, id)
		}
		removed = row.domain()
		if err := allow(removed); err != nil {
			return err
		}
		if err := s.rows.Delete(ctx, tx, int64(id)); err != nil {
			return err
		}
		return s.invalidations.note(ctx, tx, id, removed.Version+1)
	})
	if err != nil {
		return domain.Product{}, err
	}
	return removed, nil
}

func productRows() sqldb.Repository[product] {
	return sqldb.NewRepository[product]("products", sqldb.Immutable("created_at"))
}

// notFound gives a row that is not there the domain's name.
func notFound(err error, id domain.ID) error {
	if errors.Is(err, sqldb.ErrNotFound) {
		return domain.NotFound(id)
	}
	return err
}
