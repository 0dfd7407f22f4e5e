package chaos

import "time"

// form is how much is done to break the promises. The short one is for every
// change of the code, the long one for make chaos.
type form struct {
	attempts int // POST /orders of promise 1, of which every one may meet a kill.
	kills    int // Of promise 1.

	ambushes int // Of promise 2: an order process killed or paused between reserve and create.

	sample int // Orders whose times are measured, with the broker and without, of promise 3.
	events int // That wait for the broker's return.

	outages int           // Of the cache, of promise 4, and of Postgres, of promise 5.
	away    time.Duration // How long a dependency of promise 7 is away.
	stops   int           // SIGTERMs under load, of promise 8.
}

func formOf(name string) form {
	if name == "long" {
		return form{
			attempts: 2000, kills: 24, ambushes: 8, sample: 1000, events: 5000,
			outages: 4, away: 2 * time.Minute, stops: 6,
		}
	}
	return form{
		attempts: 400, kills: 6, ambushes: 2, sample: 150, events: 500,
		outages: 1, away: 8 * time.Second, stops: 2,
	}
}
