package memory_test

import (
	"testing"

	"shop/user/adapters/attemptstest"
	"shop/user/adapters/hashertest"
	"shop/user/adapters/journaltest"
	"shop/user/adapters/memory"
	"shop/user/adapters/sessionstest"
	"shop/user/adapters/userstest"
	"shop/user/ports"
)

func TestUsers(t *testing.T) {
	userstest.Run(t, func(*testing.T) ports.Users { return memory.New().Users() })
}

func TestSessions(t *testing.T) {
	sessionstest.Run(t, func(*testing.T) (ports.Users, ports.Sessions) {
		store := memory.New()
		return store.Users(), store.Sessions()
	})
}

func TestAttempts(t *testing.T) {
	attemptstest.Run(t, func(*testing.T) ports.Attempts { return memory.New().Attempts() })
}

func TestHasher(t *testing.T) {
	hashertest.Run(t, func(*testing.T) ports.Hasher { return memory.NewHasher("v1") })
}

func TestJournal(t *testing.T) {
	journaltest.Run(t, func(*testing.T) (ports.Journal, func() []ports.EventName) {
		journal := &memory.Journal{}
		return journal, func() []ports.EventName {
			var names []ports.EventName
			for _, e := range journal.Entries() {
				names = append(names, e.Name)
			}
			return names
		}
	})
}
