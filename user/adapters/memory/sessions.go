package memory

import (
	"context"
	"errors"
	"time"

	"shop/user/domain"
	"shop/user/ports"
)

// Sessions is the repository of live sessions.
type Sessions struct{ s Store }

var _ ports.Sessions = Sessions{}

// Open implements ports.Sessions.
func (r Sessions) Open(_ context.Context, s domain.Session, first domain.Refresh) error {
	defer r.s.lock()()
	if u, ok := r.s.users[s.User]; !ok || !u.Active || u.Generation != s.Generation {
		return domain.ErrUserChanged
	}
	r.s.sessions[s.ID] = s
	r.s.refresh[first.Digest] = first
	return nil
}

// Rotate implements ports.Sessions.
func (r Sessions) Rotate(
	_ context.Context, presented domain.Digest, next domain.Refresh, now time.Time,
) (domain.Session, error) {
	defer r.s.lock()()
	token, ok := r.s.refresh[presented]
	if !ok {
		return domain.Session{}, domain.ErrRefreshToken
	}
	if err := token.Spend(now); err != nil {
		if errors.Is(err, domain.ErrRefreshReused) {
			r.s.end(token.Session)
		}
		return domain.Session{}, err
	}
	token.Spent = true
	r.s.refresh[presented] = token
	next.Session = token.Session
	r.s.refresh[next.Digest] = next
	session := r.s.sessions[token.Session]
	session.ExpiresAt = next.ExpiresAt
	r.s.sessions[session.ID] = session
	return session, nil
}

// Close implements ports.Sessions.
func (r Sessions) Close(_ context.Context, id domain.SessionID) error {
	defer r.s.lock()()
	r.s.end(id)
	return nil
}

// Standing implements ports.Sessions.
func (r Sessions) Standing(
	_ context.Context, user domain.UserID, session domain.SessionID,
) (domain.Standing, error) {
	defer r.s.lock()()
	u, ok := r.s.users[user]
	if !ok {
		return domain.Standing{}, nil
	}
	s, live := r.s.sessions[session]
	return domain.Standing{Name: u.Name.String(), Active: u.Active, Live: live && s.User == user}, nil
}

// Purge implements ports.Sessions.
func (r Sessions) Purge(_ context.Context, now time.Time) (int64, error) {
	defer r.s.lock()()
	var n int64
	for id, s := range r.s.sessions {
		if s.ExpiresAt.Before(now) {
			r.s.end(id)
			n++
		}
	}
	return n, nil
}
