// Package contactstest is the contract of ports.Contacts as tests.
package contactstest

import (
	"errors"
	"testing"

	"shop/kit/errs"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Rig is what knows contact data, and how to steer it.
type Rig struct {
	Contacts ports.Contacts
	Put      func(userID int64, c domain.Contact)
	SetAway  func(away bool)
}

// Run tests what open returns, a new one that knows nobody at each call.
func Run(t *testing.T, open func(t *testing.T) Rig) {
	t.Run("tells how a user is reached", func(t *testing.T) {
		r := open(t)
		all := domain.Contact{Email: "an@example.com", Phone: "+84901234567", PushToken: "tok", Locale: domain.English}
		none := domain.Contact{Locale: domain.Vietnamese}
		r.Put(3, all)
		r.Put(1<<53+1, none)
		for id, want := range map[int64]domain.Contact{3: all, 1<<53 + 1: none} {
			if got, err := r.Contacts.Contact(t.Context(), id); err != nil || got != want {
				t.Errorf("user %d: got %+v, %v, want %+v", id, got, err, want)
			}
		}
	})
	t.Run("does not know a stranger", func(t *testing.T) {
		if _, err := open(t).Contacts.Contact(t.Context(), 404); !errors.Is(err, ports.ErrUnknownUser) {
			t.Errorf("got %v, want ErrUnknownUser", err)
		}
	})
	t.Run("does not guess while it is away", func(t *testing.T) {
		r := open(t)
		r.Put(3, domain.Contact{Locale: domain.English})
		r.SetAway(true)
		for _, id := range []int64{3, 404} {
			if _, err := r.Contacts.Contact(t.Context(), id); errs.KindOf(err) != errs.Unavailable {
				t.Errorf("user %d: got %v, want an unavailable error", id, err)
			}
		}
		r.SetAway(false)
		if _, err := r.Contacts.Contact(t.Context(), 3); err != nil {
			t.Errorf("back again: %v", err)
		}
	})
}
