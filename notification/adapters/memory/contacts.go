package memory

import (
	"context"
	"sync"

	"shop/kit/errs"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Contacts is a ports.Contacts that a test fills, and takes away. The zero value
// knows nobody.
type Contacts struct {
	mu    sync.Mutex
	users map[int64]domain.Contact
	away  bool
}

var _ ports.Contacts = (*Contacts)(nil)

// Put sets the contact data of a user.
func (c *Contacts) Put(userID int64, contact domain.Contact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users == nil {
		c.users = map[int64]domain.Contact{}
	}
	c.users[userID] = contact
}

// SetAway makes Contact answer Unavailable, or answer again.
func (c *Contacts) SetAway(away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = away
}

// Contact as in ports.Contacts.
func (c *Contacts) Contact(_ context.Context, userID int64) (domain.Contact, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	contact, ok := c.users[userID]
	switch {
	case c.away:
		return domain.Contact{}, errs.ErrUnavailable
	case !ok:
		return domain.Contact{}, ports.ErrUnknownUser
	}
	return contact, nil
}
