package domain

import "time"

// The limits of guessing passwords.
const (
	pairLimit    = 10 // Consecutive failures of one account from one address before it must wait.
	pairWait     = 30 * time.Second
	maxPairWait  = time.Hour
	accountLimit = 100 // Failures of one account from all addresses before it is slowed down.
	accountPause = 30 * time.Second
	remembered   = 24 * time.Hour
)

// Failures counts failed logins under one key.
type Failures struct {
	Count int
	Since time.Time // The first of them.
	Last  time.Time // The last try that mattered.
}

// Attempts is what is remembered of the logins of one account: those from one
// client address, and those from all of them.
type Attempts struct {
	Here       Failures
	Everywhere Failures
}

// Brake says which limit makes a login wait.
type Brake string

// The brakes. They are also the names of the security events.
const (
	NoBrake    Brake = ""
	Locked     Brake = "login_locked"       // Too many failures in a row from this address.
	SlowedDown Brake = "login_rate_limited" // Too many failures of the account from everywhere.
)

// Wait returns how long the next login must wait, whatever its password, and
// why; 0 means it may be tried now.
func (a Attempts) Wait(now time.Time) (time.Duration, Brake) {
	here, everywhere := a.Here.recall(now), a.Everywhere.recall(now)
	if here.Count >= pairLimit {
		if wait := here.left(lockFor(here.Count), now); wait > 0 {
			return wait, Locked
		}
	}
	if everywhere.Count >= accountLimit {
		if wait := everywhere.left(accountPause, now); wait > 0 {
			return wait, SlowedDown
		}
	}
	return 0, NoBrake
}

// Failed returns the attempts after one more failure.
func (a Attempts) Failed(now time.Time) Attempts {
	return Attempts{Here: a.Here.failed(now), Everywhere: a.Everywhere.failed(now)}
}

// Succeeded returns the attempts after a login: the row of failures from this
// address is broken. The account stays slowed down, or its owner's logins would
// give a guesser who comes from many addresses fresh tries.
func (a Attempts) Succeeded(now time.Time) Attempts {
	everywhere := a.Everywhere.recall(now)
	if everywhere.Count >= accountLimit {
		everywhere.Last = now
	}
	return Attempts{Everywhere: everywhere}
}

// IsZero reports whether there is nothing to remember.
func (a Attempts) IsZero() bool { return a == Attempts{} }

// lockFor doubles from 30 seconds at the tenth failure up to an hour.
func lockFor(failures int) time.Duration {
	wait := pairWait
	for n := pairLimit; n < failures && wait < maxPairWait; n++ {
		wait *= 2
	}
	return min(wait, maxPairWait)
}

// left returns what is left of pause; never more than pause, should a clock have
// been set back.
func (f Failures) left(pause time.Duration, now time.Time) time.Duration {
	return max(0, min(pause, f.Last.Add(pause).Sub(now)))
}

func (f Failures) failed(now time.Time) Failures {
	f = f.recall(now)
	if f.Count == 0 {
		f.Since = now
	}
	f.Count++
	f.Last = now
	return f
}

func (f Failures) recall(now time.Time) Failures {
	if f.Forgotten(now) {
		return Failures{}
	}
	return f
}

// Forgotten reports whether the failures count no more: a day after the first,
// but never within the longest wait after the last.
func (f Failures) Forgotten(now time.Time) bool {
	since, last := Memory(now)
	return f.Since.Before(since) && f.Last.Before(last)
}

// Memory returns the instants before which Since and Last must both lie for
// failures to be forgotten at now.
func Memory(now time.Time) (since, last time.Time) {
	return now.Add(-remembered), now.Add(-maxPairWait)
}
