package domain

import "time"

// growth is how many times longer each pause is than the one before: from one
// second to one hour in seven pauses.
const growth = 4

// Policy says how long a delivery is tried.
type Policy struct {
	Attempts int           // After so many the notification ends as failed; at least 1.
	First    time.Duration // The pause after the first failed attempt.
	Longest  time.Duration // No pause is longer, whatever the receiver asks for.
}

// Pause returns how long to wait after the given number of failed attempts:
// First, 4×First, 16×First …, shortened by up to a fifth (spread in [0, 1)) so that
// what failed together does not come back together; and not before the receiver
// asked for. ok is false when that was the last attempt.
func (p Policy) Pause(attempts int, asked time.Duration, spread float64) (pause time.Duration, ok bool) {
	if attempts >= p.Attempts {
		return 0, false
	}
	pause = p.First
	for range attempts - 1 {
		if pause >= p.Longest/growth {
			pause = p.Longest
			break
		}
		pause *= growth
	}
	pause -= time.Duration(spread * float64(pause) / 5)
	return min(max(pause, asked), p.Longest), true
}
