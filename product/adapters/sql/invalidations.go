package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"shop/kit/sqldb"

	"shop/product/domain"
)

// Invalidations is the list of products whose copies in a cache that processes
// share may be old. The transaction that changes a product notes it, so no process
// that dies and no cache that is away loses an invalidation. A note is one row a
// product, taken off some time after the cache has dropped its copy: to apply one
// again does no harm, and taking many off together costs one commit.
//
// A nil *Invalidations notes nothing, for a cache inside of the process.
type Invalidations struct {
	db  *sqldb.DB
	now func() time.Time

	mu      sync.Mutex
	applied map[domain.ID]int64 // Dropped from the cache, and perhaps still in the list.
	swept   time.Time
}

// NewInvalidations returns the list in db, whose schema is migrated.
func NewInvalidations(db *sqldb.DB, now func() time.Time) *Invalidations {
	return &Invalidations{db: db, now: now, applied: map[domain.ID]int64{}}
}

const (
	lookBatch  = 500         // notes read or taken off at a time
	sweepEvery = time.Second // at most
	maxApplied = 10_000      // products remembered; what is forgotten is applied again
)

const note = `INSERT INTO cache_invalidations (product_id, version) VALUES (?, ?)
	ON CONFLICT (product_id) DO UPDATE SET version = excluded.version`

// note writes down in tx that the product has this version now.
func (i *Invalidations) note(ctx context.Context, tx *sqldb.Tx, id domain.ID, version int64) error {
	if i == nil {
		return nil
	}
	if _, err := tx.Exec(ctx, note, int64(id), version); err != nil {
		return fmt.Errorf("note that product %d has changed: %w", id, err)
	}
	return nil
}

// A change of a product that returns its row, between these two, notes it in the
// same round trip. Only Postgres can.
const (
	noteBegins = `WITH changed AS (`
	noteEnds   = `), ` + noted + ` SELECT * FROM changed`

	noted = `noted AS (INSERT INTO cache_invalidations (product_id, version) SELECT id, version FROM changed
		ON CONFLICT (product_id) DO UPDATE SET version = excluded.version)`
)

// change runs statement, which changes one product and returns its row, and notes
// the product.
func (i *Invalidations) change(ctx context.Context, tx *sqldb.Tx, statement string, args ...any) (p product, err error) {
	if i != nil && tx.Dialect() == sqldb.Postgres {
		return p, tx.Get(ctx, &p, noteBegins+statement+noteEnds, args...)
	}
	if err = tx.Get(ctx, &p, statement, args...); err != nil {
		return p, err
	}
	return p, i.note(ctx, tx, domain.ID(p.ID), p.Version)
}

// Applied tells that no cache serves the product older than version any more.
func (i *Invalidations) Applied(id domain.ID, version int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.applied[id]; ok || len(i.applied) < maxApplied {
		i.applied[id] = max(known, version)
	}
}

func (i *Invalidations) isApplied(id domain.ID, version int64) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.applied[id] >= version
}

// Apply calls apply for every note that is committed and not known as applied.
// The first error ends it.
func (i *Invalidations) Apply(ctx context.Context, apply func(ctx context.Context, id domain.ID, version int64) error) error {
	for after := int64(0); ; {
		var notes []struct {
			ProductID int64 `db:"product_id"`
			Version   int64 `db:"version"`
		}
		if err := i.db.Select(ctx, &notes, `SELECT product_id, version FROM cache_invalidations
			WHERE product_id > ? ORDER BY product_id LIMIT ?`, after, lookBatch); err != nil {
			return fmt.Errorf("look for changed products: %w", err)
		}
		for _, n := range notes {
			after = n.ProductID
			id := domain.ID(n.ProductID)
			if i.isApplied(id, n.Version) {
				continue
			}
			if err := apply(ctx, id, n.Version); err != nil {
				return err
			}
			i.Applied(id, n.Version)
		}
		if len(notes) < lookBatch {
			break
		}
	}
	return i.sweep(ctx)
}

const (
	sweepSQLite = `DELETE FROM cache_invalidations WHERE (product_id, version) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`
	// A note that is being overwritten stays: neither waits for the other.
	sweepPostgres = `DELETE FROM cache_invalidations WHERE product_id IN (
		SELECT product_id FROM cache_invalidations AS c
		JOIN (SELECT (pair ->> 0)::bigint AS product_id, (pair ->> 1)::bigint AS version FROM json_array_elements(CAST(? AS json)) AS pair) AS applied
			USING (product_id, version)
		FOR UPDATE OF c SKIP LOCKED)`
)

// sweep takes applied notes off, now and then.
func (i *Invalidations) sweep(ctx context.Context) error {
	sweep := sweepSQLite
	if i.db.Dialect() == sqldb.Postgres {
		sweep = sweepPostgres
	}
	for _, batch := range i.due() {
		pairs, err := json.Marshal(batch)
		if err != nil {
			return err
		}
		if _, err := i.db.Exec(ctx, sweep, string(pairs)); err != nil {
			return fmt.Errorf("take off products that no cache has old: %w", err)
		}
		i.forget(batch)
	}
	return nil
}

// due returns what is to be swept, in batches of product and version; nothing if
// it is too early.
func (i *Invalidations) due() (batches [][][2]int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	if len(i.applied) == 0 || now.Sub(i.swept).Abs() < sweepEvery { // The clock may be set back.
		return nil
	}
	i.swept = now
	batch := make([][2]int64, 0, min(len(i.applied), lookBatch))
	for id, version := range i.applied {
		if batch = append(batch, [2]int64{int64(id), version}); len(batch) == lookBatch {
			batches, batch = append(batches, batch), nil
		}
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

func (i *Invalidations) forget(batch [][2]int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, pair := range batch {
		if id := domain.ID(pair[0]); i.applied[id] == pair[1] {
			delete(i.applied, id)
		}
	}
}
