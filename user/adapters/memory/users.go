package memory

import (
	"context"
	"slices"

	"shop/user/domain"
	"shop/user/ports"
)

// Users is the repository of users.
type Users struct{ s Store }

var _ ports.Users = Users{}

// Add implements ports.Users.
func (r Users) Add(_ context.Context, u domain.User) (domain.User, error) {
	defer r.s.lock()()
	for _, other := range r.s.users {
		if other.Name.Key() == u.Name.Key() {
			return domain.User{}, domain.ErrUsernameTaken
		}
	}
	*r.s.last++
	u.ID = *r.s.last
	r.s.users[u.ID] = u
	return u, nil
}

// Get implements ports.Users.
func (r Users) Get(_ context.Context, id domain.UserID) (domain.User, error) {
	defer r.s.lock()()
	return r.get(id)
}

func (r Users) get(id domain.UserID) (domain.User, error) {
	u, ok := r.s.users[id]
	if !ok {
		return u, domain.ErrUserNotFound.With("id", int64(id))
	}
	return u, nil
}

// ByName implements ports.Users. Of users added here no two have the same key.
func (r Users) ByName(_ context.Context, name string) (domain.User, error) {
	defer r.s.lock()()
	key := domain.NameKey(name)
	for _, u := range r.s.users {
		if u.Name.Key() == key {
			return u, nil
		}
	}
	return domain.User{}, domain.ErrUserNotFound
}

// List implements ports.Users.
func (r Users) List(_ context.Context, after domain.UserID, limit int) ([]domain.User, error) {
	defer r.s.lock()()
	users := []domain.User{}
	for id, u := range r.s.users {
		if id > after {
			users = append(users, u)
		}
	}
	slices.SortFunc(users, func(a, b domain.User) int { return int(a.ID - b.ID) })
	return users[:min(limit, len(users))], nil
}

// Change implements ports.Users.
func (r Users) Change(
	_ context.Context, id domain.UserID, keep domain.SessionID, f func(*domain.User) error,
) (domain.User, error) {
	defer r.s.lock()()
	u, err := r.get(id)
	if err != nil {
		return u, err
	}
	generation := u.Generation
	if err := f(&u); err != nil {
		return domain.User{}, err
	}
	r.s.users[id] = u
	if u.Generation != generation {
		for _, session := range r.s.sessions {
			if session.User == id && session.ID != keep {
				r.s.end(session.ID)
			}
		}
	}
	return u, nil
}
