// Package memory keeps users, sessions and failed logins in maps: the fake that
// tests use where a database would tell them nothing more.
package memory

import (
	"sync"

	"shop/user/domain"
)

// Store is an empty database at first. Its three views share it, as tables do.
type Store struct {
	mu       *sync.Mutex
	users    map[domain.UserID]domain.User
	last     *domain.UserID
	sessions map[domain.SessionID]domain.Session
	refresh  map[domain.Digest]domain.Refresh
	failures map[string]domain.Failures
}

// New returns an empty store.
func New() Store {
	return Store{
		mu:       new(sync.Mutex),
		users:    map[domain.UserID]domain.User{},
		last:     new(domain.UserID),
		sessions: map[domain.SessionID]domain.Session{},
		refresh:  map[domain.Digest]domain.Refresh{},
		failures: map[string]domain.Failures{},
	}
}

// Users returns the store's users.
func (s Store) Users() Users { return Users{s} }

// Sessions returns the store's sessions.
func (s Store) Sessions() Sessions { return Sessions{s} }

// Attempts returns the store's failed logins.
func (s Store) Attempts() Attempts { return Attempts{s} }

func (s Store) lock() (unlock func()) {
	s.mu.Lock()
	return s.mu.Unlock
}

// end deletes a session with its refresh tokens.
func (s Store) end(id domain.SessionID) {
	delete(s.sessions, id)
	for digest, token := range s.refresh {
		if token.Session == id {
			delete(s.refresh, digest)
		}
	}
}
