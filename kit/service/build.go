package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"time"

	"github.com/google/uuid"

	"shop/kit/event"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
)

// Spec is a service as its module describes it, once, for its command, for shop
// and for tests.
type Spec[C Settings] struct {
	Name       string            // "order": in metrics, traces, logs and usage.
	Defaults   map[string]string // Of shared settings: PORT, APP_NAME, DATABASE_URL.
	Migrations fs.FS             // sqlite/*.sql and postgres/*.sql
	Adoption   *sqldb.Adoption   // Of a database of the system before this one; nil = it had none.
	Topology   event.Topology    // Of the whole system, where C embeds BusConfig.
	New        func(ctx context.Context, cfg C, infra Infra) (*Service, error)
	Commands   func(CLI[C]) []*Command // More subcommands; nil = none.
}

// Parts are what a caller brings along in place of what Build would make. Build
// doesn't close them, apart from the listeners.
type Parts struct {
	Tel             *telemetry.Telemetry
	Bus             event.Bus
	Listener, Admin net.Listener // See Listen.
	LogWriter       io.Writer    // Where the telemetry that Build makes logs to; nil = standard output.
	Now             func() time.Time
	NewID           func() string
}

// Instance is a service that is built and not yet, or already, running.
type Instance struct {
	Service *Service
	Infra   Infra

	cfg     Config
	public  *server
	admin   *server
	closers []Closer
	workers workers
}

// Build opens what cfg asks for (telemetry, database, bus), migrates the
// database to the newest version and wires the service. The error is one line.
func (s Spec[C]) Build(ctx context.Context, cfg C, parts Parts) (*Instance, error) {
	i := &Instance{cfg: cfg.Common()}
	err := s.build(ctx, cfg, parts, i)
	if err != nil {
		closeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), i.cfg.shutdownTimeout())
		defer cancel()
		return nil, errors.Join(fmt.Errorf("%s: %w", s.Name, err), i.Close(closeCtx))
	}
	return i, nil
}

func (s Spec[C]) build(ctx context.Context, cfg C, parts Parts, i *Instance) (err error) {
	i.public = newServer(parts.Listener)
	i.admin = newServer(parts.Admin)
	i.onClose("listeners", i.closeListeners)

	if err := s.open(ctx, cfg, parts, i); err != nil {
		return err
	}
	if i.Service, err = s.New(ctx, cfg, i.Infra); err != nil {
		return err
	}
	i.closers = append(i.closers, i.Service.Closers...)
	return nil
}

// open makes the Infra of i: telemetry, the migrated database and the bus.
func (s Spec[C]) open(ctx context.Context, cfg C, parts Parts, i *Instance) error {
	if err := s.openDatabase(ctx, parts, i); err != nil {
		return err
	}
	migrator, err := sqldb.NewMigrator(i.Infra.DB, s.Migrations)
	if err != nil {
		return err
	}
	if _, err := migrator.Up(ctx); err != nil {
		if s.Adoption != nil && sqldb.Occupied(err) {
			return fmt.Errorf("%w; a database of the system before this one is taken over by %s migrate adopt", err, s.Name)
		}
		return err
	}
	settings, wanted := any(cfg).(interface{ CommonBus() BusConfig })
	switch {
	case !wanted:
		return nil
	case parts.Bus != nil:
		i.Infra.Bus = parts.Bus
		return nil
	}
	bus, err := settings.CommonBus().open(ctx, s.Topology, i.Infra.Tel)
	if err != nil {
		return err
	}
	i.Infra.Bus = bus
	i.onClose("bus", func(context.Context) error { return bus.Close() })
	return nil
}

// openDatabase makes the part of the Infra of i that every command needs.
func (s Spec[C]) openDatabase(ctx context.Context, parts Parts, i *Instance) error {
	i.Infra = Infra{Tel: parts.Tel, Now: parts.Now, NewID: parts.NewID}
	if i.Infra.Now == nil {
		i.Infra.Now = func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
	}
	if i.Infra.NewID == nil {
		i.Infra.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if i.Infra.Tel == nil {
		tel, err := telemetry.New(ctx, telemetry.Config{
			Service: s.Name, Version: i.cfg.Version(), Revision: BuildRevision(),
			Level: i.cfg.LogLevel, LogWriter: parts.LogWriter,
		})
		if err != nil {
			return err
		}
		i.Infra.Tel = tel
		i.onClose("telemetry", tel.Shutdown)
	}
	db, err := sqldb.Open(ctx, string(i.cfg.DatabaseURL), i.cfg.database(i.Infra.Tel))
	if err != nil {
		return err
	}
	i.Infra.DB = db
	i.onClose("database", func(context.Context) error { return db.Close() })
	return nil
}

func (i *Instance) onClose(name string, f func(context.Context) error) {
	i.closers = append(i.closers, Closer{name, f})
}

// Close lets go of everything, the last opened first. It is for an Instance that
// was never run; Run closes what it has run.
func (i *Instance) Close(ctx context.Context) error {
	var failed []error
	for _, c := range slices.Backward(i.closers) {
		if err := c.Close(ctx); err != nil {
			failed = append(failed, fmt.Errorf("close %s: %w", c.Name, err))
		}
	}
	i.closers = nil
	return errors.Join(failed...)
}
