// Package sqldb is a service's database: PostgreSQL or SQLite behind one URL,
// transactions, migrations, the generic Repository, and the outbox and inbox
// that keep events from being lost or acting twice.
//
// SQL is written once for both engines: placeholders are ?, rebound for
// PostgreSQL (a literal question mark is ??). Every statement is prepared once
// per connection pool, measured as db_client_operation_duration_seconds and,
// inside a recorded trace, a span. Query text never holds values, only
// placeholders, so it is safe to show.
//
// Errors are the same on both engines: ErrNotFound, ErrDuplicate, ErrForeignKey,
// ErrCheck, errs.ErrUnavailable when the engine is away or too busy, and a
// context that ended stays recognisable. No transaction is held across a network
// call: what must be told to others goes into the Outbox.
package sqldb
