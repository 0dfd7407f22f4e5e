package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"shop/user/domain"
	"shop/user/ports"
)

// Attempts is the memory of failed logins.
type Attempts struct{ s Store }

var _ ports.Attempts = Attempts{}

// Of implements ports.Attempts.
func (r Attempts) Of(_ context.Context, o domain.Origin) (domain.Attempts, error) {
	defer r.s.lock()()
	return r.of(o), nil
}

func (r Attempts) of(o domain.Origin) domain.Attempts {
	here, everywhere := o.Keys()
	return domain.Attempts{Here: r.s.failures[here], Everywhere: r.s.failures[everywhere]}
}

// Change implements ports.Attempts.
func (r Attempts) Change(_ context.Context, o domain.Origin, f func(domain.Attempts) domain.Attempts) error {
	defer r.s.lock()()
	here, everywhere := o.Keys()
	after := f(r.of(o))
	r.put(here, after.Here)
	r.put(everywhere, after.Everywhere)
	return nil
}

func (r Attempts) put(key string, f domain.Failures) {
	if f.Count == 0 {
		delete(r.s.failures, key)
		return
	}
	r.s.failures[key] = f
}

// Purge implements ports.Attempts.
func (r Attempts) Purge(_ context.Context, now time.Time, keep int) (int64, error) {
	defer r.s.lock()()
	before := len(r.s.failures)
	maps.DeleteFunc(r.s.failures, func(_ string, f domain.Failures) bool { return f.Forgotten(now) })
	keys := slices.SortedFunc(maps.Keys(r.s.failures), func(a, b string) int {
		return r.s.failures[b].Last.Compare(r.s.failures[a].Last)
	})
	for _, key := range keys[min(keep, len(keys)):] {
		delete(r.s.failures, key)
	}
	return int64(before - len(r.s.failures)), nil
}
