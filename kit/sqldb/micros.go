package sqldb

import "time"

// Micros is a moment in a database: microseconds since 1970 UTC in an integer
// column, the same in both engines and exact in both directions. A nullable
// column is a *Micros.
type Micros int64

// From returns t to the microsecond.
func From(t time.Time) Micros { return Micros(t.UnixMicro()) }

// Time returns the moment in UTC.
func (m Micros) Time() time.Time { return time.UnixMicro(int64(m)).UTC() }
