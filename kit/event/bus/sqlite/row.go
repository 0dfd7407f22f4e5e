package sqlite

import (
	"encoding/json"

	"shop/kit/event"
	"shop/kit/sqldb"
)

// row is a message or dead letter as it is stored.
type row struct {
	Seq        int64        `db:"seq"`
	ID         string       `db:"id"`
	Type       string       `db:"type"`
	Key        string       `db:"key"`
	Sequence   int64        `db:"sequence"`
	OccurredAt sqldb.Micros `db:"occurred_at"`
	Data       []byte       `db:"data"`
	Trace      string       `db:"trace"`
	Attempts   int          `db:"attempts"`
}

func (r row) event() event.Event {
	e := event.Event{
		ID: r.ID, Type: r.Type, Key: r.Key, Sequence: r.Sequence, OccurredAt: r.OccurredAt.Time(), Data: r.Data,
	}
	if err := json.Unmarshal([]byte(r.Trace), &e.Trace); err != nil {
		e.Trace = nil // Written by this package; if not, the message counts and not its trace.
	}
	return e
}

// bytes makes of no payload an empty one: the column is never null.
func bytes(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
