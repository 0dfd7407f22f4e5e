// Package log writes what matters to security into the service's log.
package log

import (
	"context"
	"log/slog"

	"shop/user/ports"
)

// Journal implements ports.Journal: one record an event, with the field event.
// Client addresses stand here and nowhere else.
type Journal struct{ log *slog.Logger }

var _ ports.Journal = Journal{}

// NewJournal returns the journal in log.
func NewJournal(log *slog.Logger) Journal { return Journal{log} }

// Record implements ports.Journal.
func (j Journal) Record(ctx context.Context, e ports.Event) {
	level := slog.LevelInfo
	switch e.Name {
	case ports.LoginLocked, ports.LoginRateLimited, ports.RefreshReuse:
		level = slog.LevelWarn
	}
	attrs := make([]slog.Attr, 0, 5)
	attrs = append(attrs, slog.String("event", string(e.Name)), slog.String("client_address", e.Address.String()))
	if e.User != 0 {
		attrs = append(attrs, slog.Int64("user_id", int64(e.User)))
	}
	if e.Session != "" {
		attrs = append(attrs, slog.String("session_id", string(e.Session)))
	}
	if e.Wait > 0 {
		attrs = append(attrs, slog.Int("retry_after_seconds", int(e.Wait.Seconds())))
	}
	j.log.LogAttrs(ctx, level, "security event", attrs...)
}
