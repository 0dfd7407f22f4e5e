package event

import (
	"time"

	"shop/kit/errs"
)

// Ladder is how long a message at fault waits after each failed attempt. After as
// many waits it has failed once too often and is dead-lettered.
type Ladder []time.Duration

// DefaultLadder is the ladder of every queue.
func DefaultLadder() Ladder { return Ladder{time.Second, 5 * time.Second, 25 * time.Second} }

// Verdict is what becomes of a message that was handled.
type Verdict uint8

// The verdicts; see Handler.
const (
	Acknowledge Verdict = iota // Done with.
	Wait                       // A dependency is away: put back, uncounted; consumption pauses.
	Retry                      // At fault: delivered again after a wait.
	Bury                       // Dead-lettered.
)

// Judge returns the verdict on a delivery that had failed attempts times before
// and for which the handler returned err; with Retry, also the wait.
func (l Ladder) Judge(err error, attempts int) (v Verdict, wait time.Duration) {
	switch {
	case err == nil:
		return Acknowledge, 0
	case errs.KindOf(err) == errs.Unavailable:
		return Wait, 0
	case errs.KindOf(err) == errs.Invalid, attempts >= len(l):
		return Bury, 0
	default:
		return Retry, l[max(attempts, 0)]
	}
}

// Queue returns the queue called name.
func (t Topology) Queue(name string) (Queue, bool) {
	for _, q := range t.Queues {
		if q.Name == name {
			return q, true
		}
	}
	return Queue{}, false
}

// Depth is how many messages a queue holds.
type Depth struct {
	Waiting  int64 // Not being handled: new, waiting for a retry or for an earlier one of their key.
	InFlight int64 // Being handled.
	Dead     int64 // Given up.
}
