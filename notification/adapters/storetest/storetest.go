// Package storetest is the contract of a store of notifications as tests: what
// ports.Records, ports.Queue and ports.Archive promise together.
package storetest

import (
	"slices"
	"testing"
	"time"

	"shop/notification/domain"
	"shop/notification/ports"
)

// Store is a whole store.
type Store interface {
	ports.Records
	ports.Queue
	ports.Archive
}

// Run tests the store that open returns, a new and empty one at each call.
func Run(t *testing.T, open func(t *testing.T) Store) {
	suites := []struct {
		name string
		test func(t *testing.T, s Store)
	}{
		{"records an event once", recordsOnce},
		{"records an event once from many consumers", recordsOnceConcurrently},
		{"ignores superseded changes", supersedes},
		{"records events once in whatever order they come", recordsInAnyOrder},
		{"keeps every field", keepsFields},
		{"claims what is due, longest due first", claimsDue},
		{"gives a claim to one dispatcher", claimsOnce},
		{"takes over a lost attempt", takesOver},
		{"settles how attempts ended", settles},
		{"settles what ends at the same time", settlesTogether},
		{"counts what waits", counts},
		{"lists a user's own, newest first", listsOwn},
	}
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) { s.test(t, open(t)) })
	}
}

// start is the moment at which the tests begin: not a whole millisecond, so that
// rounding shows.
var start = time.Date(2026, time.March, 14, 15, 9, 26, 535897000, time.UTC)

// event returns news about an order.
func event(id string, orderID, sequence int64, status domain.Status) domain.News {
	n := domain.News{
		EventID: id, Type: domain.OrderStatusChanged, Sequence: sequence, OccurredAt: start.Add(-time.Second),
		Order: domain.Order{
			ID: orderID, UserID: 3, Product: "Bàn phím", Quantity: 2, UnitPrice: 1999, Total: 3998, Status: status,
		},
		Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	if status == domain.Pending {
		n.Type = domain.OrderCreated
	}
	return n
}

// contact is reached by email and push.
var contact = domain.Contact{Email: "an@example.com", PushToken: "tok", Locale: domain.English}

// record records n for a user with contact at the moment at.
func record(t *testing.T, s Store, n domain.News, at time.Time) ports.Outcome {
	t.Helper()
	outcome, err := s.Record(t.Context(), n, n.Notifications(contact, domain.Channels(), at))
	if err != nil {
		t.Errorf("record %s: %v", n.EventID, err) // Also from goroutines.
	}
	return outcome
}

// claim claims by email.
func claim(t *testing.T, s Store, now, until time.Time, limit int) []domain.Notification {
	t.Helper()
	claimed, err := s.Claim(t.Context(), domain.Email, now, until, limit)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return claimed
}

// about returns the notifications about an order.
func about(t *testing.T, s Store, orderID int64) []domain.Notification {
	t.Helper()
	rows, err := s.OfOrder(t.Context(), orderID)
	if err != nil {
		t.Fatalf("of order %d: %v", orderID, err)
	}
	return rows
}

func identities(rows []domain.Notification) []string {
	ids := []string{}
	for _, row := range rows {
		ids = append(ids, row.Identity())
	}
	return ids
}

// sorted is identities where the order is nobody's promise.
func sorted(rows []domain.Notification) []string {
	ids := identities(rows)
	slices.Sort(ids)
	return ids
}
