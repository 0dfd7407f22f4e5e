package domain

import (
	"time"

	"shop/kit/errs"
)

const (
	// KeyLease is how long a request that presented a key may be silent before
	// another with the same key takes its place.
	KeyLease = 15 * time.Second
	// KeyRetention is how long a key stands for its request.
	KeyRetention = 24 * time.Hour

	maxKeyLength = 255
)

// IdempotencyKey is a buyer's name for one request, so that the request sent
// again is not a second order. "" is no key.
type IdempotencyKey string

var errNotPrintable = errs.Violates("printable_ascii")

// NewIdempotencyKey returns s, 1 to 255 printable ASCII characters, or the
// *errs.Rule it breaks.
func NewIdempotencyKey(s string) (IdempotencyKey, error) {
	if s == "" {
		return "", errs.TooShort(1)
	}
	for _, r := range s {
		if r < ' ' || '~' < r {
			return "", errNotPrintable
		}
	}
	if len(s) > maxKeyLength {
		return "", errs.TooLong(maxKeyLength)
	}
	return IdempotencyKey(s), nil
}

// Fingerprint identifies the content of a request.
type Fingerprint [32]byte

// KeyRecord is what is remembered of a key that was presented.
type KeyRecord struct {
	Request     Fingerprint
	Reservation ReservationID // What the request reserves, whoever carries it out.
	Attempt     int64         // 1, 2, …: who carries it out; an older attempt may no longer finish.
	LeaseUntil  time.Time     // Until then the attempt is taken to be alive; zero once it has given up.
	Outcome     *Outcome      // The answer for good; nil = there is none yet.
	CreatedAt   time.Time
}

// Outcome is the answer a key stands for: an order as it was when it was
// placed, or why there is none.
type Outcome struct {
	Order   *Order
	Refusal *errs.Error // Kind Refused.
	TraceID string      // Of the request that was answered so.
}

// NewKeyRecord returns the record of a key presented for the first time.
func NewKeyRecord(f Fingerprint, r ReservationID, now time.Time) KeyRecord {
	at := instant(now)
	return KeyRecord{Request: f, Reservation: r, Attempt: 1, LeaseUntil: at.Add(KeyLease), CreatedAt: at}
}

// Present tells what becomes of request f that presents the key again at now:
// r itself where it has an Outcome to repeat; otherwise the record under which
// f may be carried out, with the reservation of the attempt that failed; or
// ErrKeyReused or ErrKeyInUse. fresh is the reservation for a key whose time is
// over: it may stand for a new request.
func (r KeyRecord) Present(f Fingerprint, fresh ReservationID, now time.Time) (KeyRecord, error) {
	now = instant(now)
	switch {
	case !now.Before(r.CreatedAt.Add(KeyRetention)):
		renewed := NewKeyRecord(f, fresh, now)
		renewed.Attempt = r.Attempt + 1
		return renewed, nil
	case r.Request != f:
		return r, ErrKeyReused
	case r.Outcome != nil:
		return r, nil
	case r.leased(now):
		return r, ErrKeyInUse.After(r.LeaseUntil.Sub(now))
	}
	r.Attempt++
	r.LeaseUntil = now.Add(KeyLease)
	return r, nil
}

// leased reports whether the attempt is taken to be alive. A lease that ends much
// later than any given now would is of a clock that has been set back since. Should
// its attempt be alive all the same, it is superseded.
func (r KeyRecord) leased(now time.Time) bool {
	left := r.LeaseUntil.Sub(now)
	return 0 < left && left <= 2*KeyLease // Twice: the clocks of two replicas differ.
}
