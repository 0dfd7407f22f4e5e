// Package app holds the use cases of the user service: the only code that calls
// its outbound ports.
package app

import (
	"time"

	"shop/user/ports"
)

// App implements every inbound port.
type App struct {
	Needs
	Settings
	turns turns
}

// Needs are the outbound ports and the sources of time, ids and randomness.
type Needs struct {
	Users    ports.Users
	Sessions ports.Sessions
	Attempts ports.Attempts
	Hasher   ports.Hasher
	Signer   ports.Signer
	Journal  ports.Journal
	Now      func() time.Time
	NewID    func() string // A UUID.
	// NewSecret returns a text with at least 256 random bits.
	NewSecret func() string
}

// Settings are how long tokens last.
type Settings struct {
	AccessLifetime  time.Duration
	RefreshLifetime time.Duration
}

var (
	_ ports.Accounts  = (*App)(nil)
	_ ports.Access    = (*App)(nil)
	_ ports.Directory = (*App)(nil)
	_ ports.Upkeep    = (*App)(nil)
)

// New returns the core on top of what it needs.
func New(n Needs, s Settings) *App {
	return &App{Needs: n, Settings: s, turns: newTurns()}
}
