// Package cache keeps copies of rows near their readers without ever serving one
// that is known to be old: every entry carries the version of its row, and an
// older version never replaces a newer one.
package cache

import (
	"context"
	"time"
)

// Entry is what a cache keeps under a key: a value, the fact that there is none,
// or a tombstone.
type Entry[V any] struct {
	Value   V
	Version int64 // The row's version, 1, 2, …; 0 where there is no row to have one.
	Missing bool  // No value: the source has none, or, with Tombstone, it must be asked.

	// Tombstone is what an invalidation leaves behind: nobody may serve or store
	// what is older than Version, and the source must be asked for what is there.
	// Missing is true too.
	Tombstone bool
}

// Tombstone returns the entry that an invalidation leaves behind.
func Tombstone[V any](version int64) Entry[V] {
	return Entry[V]{Version: version, Missing: true, Tombstone: true}
}

// Replaces reports whether e may be stored over present: it is newer, or it
// answers the question that a tombstone of its own version asks.
func (e Entry[V]) Replaces(present Entry[V]) bool {
	return e.Version > present.Version || (e.Version == present.Version && present.Tombstone && !e.Tombstone)
}

// Cache is a bounded, lossy store shared by concurrent users: it may forget a
// value at any time, but a tombstone lives for its ttl, or for as long as the
// cache has room for it at all. Values are shared and must not be changed.
//
// Keys are short printable ASCII. Errors are of kind Unavailable, or the
// context's: the cache can't be reached, nothing is known of the entry.
type Cache[V any] interface {
	// Get returns the entry of key, and false where there is none or it is expired.
	Get(ctx context.Context, key string) (Entry[V], bool, error)

	// Put stores e under key for ttl, in one step with the check that it replaces
	// what is there (Entry.Replaces). stored is false, without an error, where it
	// does not.
	Put(ctx context.Context, key string, e Entry[V], ttl time.Duration) (stored bool, err error)

	// Ping reports whether the cache can be reached, for health checks.
	Ping(ctx context.Context) error
}
