package domain

import (
	"errors"
	"testing"
	"time"

	"shop/kit/errs"
)

func TestPresent(t *testing.T) {
	mine, other := Fingerprint{1}, Fingerprint{2}
	first := NewKeyRecord(mine, "r1", now)
	gaveUp, answered := first, first
	gaveUp.LeaseUntil = time.Time{}
	answered.Outcome = &Outcome{Refusal: ErrProductNotFound}
	tests := []struct {
		name        string
		record      KeyRecord
		request     Fingerprint
		after       time.Duration
		err         error
		attempt     int64
		reservation ReservationID
	}{
		{"while it runs", first, mine, KeyLease - time.Microsecond, ErrKeyInUse, 1, "r1"},
		{"when its lease is over", first, mine, KeyLease, nil, 2, "r1"},
		{"while it runs, on a replica whose clock is late", first, mine, -10 * time.Second, ErrKeyInUse, 1, "r1"},
		{"when the clock has been set back", first, mine, -3 * time.Hour, nil, 2, "r1"},
		{"when it is answered and the clock has been set back", answered, mine, -3 * time.Hour, nil, 1, "r1"},
		{"when it gave up", gaveUp, mine, 0, nil, 2, "r1"},
		{"when it is answered", answered, mine, time.Hour, nil, 1, "r1"},
		{"when it is answered, at the last moment", answered, mine, KeyRetention - time.Microsecond, nil, 1, "r1"},
		{"when its day is over", answered, mine, KeyRetention, nil, 2, "fresh"},
		{"with another request while it runs", first, other, 0, ErrKeyReused, 1, "r1"},
		{"with another request after the lease", first, other, KeyLease, ErrKeyReused, 1, "r1"},
		{"with another request when it is answered", answered, other, time.Hour, ErrKeyReused, 1, "r1"},
		{"with another request when its day is over", answered, other, KeyRetention, nil, 2, "fresh"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.record.Present(test.request, "fresh", now.Add(test.after))
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if got.Attempt != test.attempt || got.Reservation != test.reservation {
				t.Errorf("attempt %d with %s, want %d with %s", got.Attempt, got.Reservation, test.attempt, test.reservation)
			}
			if test.attempt == 2 && (got.Outcome != nil || !got.LeaseUntil.Equal(instant(now.Add(test.after+KeyLease)))) {
				t.Errorf("a new attempt has outcome %v and a lease until %s", got.Outcome, got.LeaseUntil)
			}
		})
	}
	_, err := first.Present(mine, "fresh", now.Add(5*time.Second))
	if wait := errs.Of(err).RetryAfter; wait != 10*time.Second {
		t.Errorf("try again after %s, want 10s", wait)
	}
}
