package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// Errors of migrating.
var (
	ErrNewerDatabase  = errors.New("the database is newer than this program")
	ErrUnknownVersion = errors.New("no such migration")
)

// Migration is one step of a schema.
type Migration struct {
	Version   int64
	Name      string        // "00001_users.sql"
	AppliedAt time.Time     // UTC; zero: not applied.
	Took      time.Duration // Of the run that returned it; zero in a History.
}

// Migrator brings a database's schema to a version. Several processes may do it
// at once: each migration runs once, the others wait.
type Migrator struct {
	db     *DB
	goose  *goose.Provider
	names  map[int64]string
	latest int64
}

// NewMigrator returns the migrator of db by the files in fsys: sqlite/*.sql and
// postgres/*.sql, of which it takes those of db's engine, in goose's format
// (00001_users.sql with "-- +goose Up" and "-- +goose Down").
func NewMigrator(db *DB, fsys fs.FS) (*Migrator, error) {
	files, err := fs.Sub(fsys, db.dialect.Folder())
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	dialect := goose.DialectSQLite3
	if db.dialect == Postgres {
		dialect = goose.DialectPostgres
	}
	provider, err := goose.NewProvider(dialect, db.schema, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("migrations in %s: %w", db.dialect.Folder(), err)
	}
	m := &Migrator{db: db, goose: provider, names: map[int64]string{}}
	for _, source := range provider.ListSources() {
		m.names[source.Version] = path.Base(source.Path)
		m.latest = max(m.latest, source.Version)
	}
	return m, nil
}

// Latest returns the newest version that this program knows.
func (m *Migrator) Latest() int64 { return m.latest }

// Up applies what is missing and returns it, oldest first. A newer database that
// this program can work with (see Floor) stays as it is.
func (m *Migrator) Up(ctx context.Context) (done []Migration, err error) {
	err = m.locked(ctx, func(current int64) (err error) {
		if current > m.latest {
			m.db.tel.Log.InfoContext(ctx, "the schema is newer than this program, which can work with it", "version", current, "known", m.latest)
			return nil
		}
		done, err = m.move(ctx, current, m.latest)
		return err
	})
	return done, err
}

// Down takes back the n newest applied migrations, or all if there are fewer,
// and returns them, newest first.
func (m *Migrator) Down(ctx context.Context, n int) (done []Migration, err error) {
	err = m.locked(ctx, func(current int64) error {
		if current > m.latest {
			return m.tooNew(current)
		}
		for range n {
			step, err := m.goose.Down(ctx)
			if errors.Is(err, goose.ErrNoNextVersion) {
				return nil
			}
			if err != nil {
				return m.failed(err)
			}
			done = append(done, m.ran(ctx, step))
		}
		return nil
	})
	return done, err
}

// To applies or takes back what leads to version (0 = nothing applied) and
// returns it in the order of doing.
func (m *Migrator) To(ctx context.Context, version int64) (done []Migration, err error) {
	if _, known := m.names[version]; !known && version != 0 {
		return nil, fmt.Errorf("migrate to version %d: %w", version, ErrUnknownVersion)
	}
	err = m.locked(ctx, func(current int64) (err error) {
		if current > m.latest {
			return m.tooNew(current)
		}
		done, err = m.move(ctx, current, version)
		return err
	})
	return done, err
}

// move applies or takes back what is between two versions.
func (m *Migrator) move(ctx context.Context, from, to int64) (done []Migration, err error) {
	var steps []*goose.MigrationResult
	switch {
	case to < from:
		steps, err = m.goose.DownTo(ctx, to)
	case to > 0:
		steps, err = m.goose.UpTo(ctx, to)
	}
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		steps = partial.Applied
	}
	for _, step := range steps {
		done = append(done, m.ran(ctx, step))
	}
	return done, m.failed(err)
}

// History returns every migration this program knows, oldest first.
func (m *Migrator) History(ctx context.Context) (all []Migration, err error) {
	err = m.locked(ctx, func(int64) error {
		states, err := m.goose.Status(ctx)
		if err != nil {
			return m.failed(err)
		}
		for _, s := range states {
			step := Migration{Version: s.Source.Version, Name: m.names[s.Source.Version]}
			if s.State == goose.StateApplied {
				step.AppliedAt = s.AppliedAt.UTC()
			}
			all = append(all, step)
		}
		return nil
	})
	return all, err
}

// Current returns the version that the database is at; 0 = nothing applied.
func (m *Migrator) Current(ctx context.Context) (version int64, err error) {
	err = m.locked(ctx, func(current int64) error {
		version = current
		return nil
	})
	return version, err
}

// locked runs f, which is told the current version, while no other process
// migrates. A database that this program is too old for is left alone.
func (m *Migrator) locked(ctx context.Context, f func(current int64) error) error {
	unlock, err := m.db.lock(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer unlock()
	current, err := m.goose.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("migrate: read the version: %w", classify(ctx, err))
	}
	if current > m.latest {
		floor, err := m.db.floor(ctx)
		if err != nil {
			return fmt.Errorf("migrate: %w", classify(ctx, err))
		}
		if floor > m.latest {
			return m.tooNew(current)
		}
	}
	return f(current)
}

func (m *Migrator) tooNew(current int64) error {
	return fmt.Errorf("%w: it is at version %d, this program knows up to %d; use a newer program", ErrNewerDatabase, current, m.latest)
}

// ran is a step that goose has done, logged.
func (m *Migrator) ran(ctx context.Context, r *goose.MigrationResult) Migration {
	done := Migration{Version: r.Source.Version, Name: m.names[r.Source.Version], Took: r.Duration}
	m.db.tel.Log.InfoContext(ctx, "schema migrated", "direction", r.Direction, "migration", done.Name,
		"duration_ms", r.Duration.Milliseconds())
	return done
}

// failed names the migration at fault.
func (m *Migrator) failed(err error) error {
	var partial *goose.PartialError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &partial):
		return fmt.Errorf("migration %s (%s): %w", m.names[partial.Failed.Source.Version], strings.ToLower(partial.Failed.Direction), partial.Err)
	default:
		return fmt.Errorf("migrate: %w", err)
	}
}
