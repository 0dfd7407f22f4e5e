package domain

import "time"

// UserID identifies a user; 1, 2, …, never used twice.
type UserID int64

// User is someone who can log in.
type User struct {
	ID      UserID // 0 until the user is stored.
	Name    Username
	Hash    PasswordHash
	Active  bool
	Contact Contact
	// Generation counts what ends the user's sessions: each change of the
	// password and each deactivation.
	Generation int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// PasswordHash is what is kept of a password. It is no secret in itself but
// invites guessing, so it never prints either.
type PasswordHash struct{ private }

// StoredHash returns a hash that a hasher has made.
func StoredHash(s string) PasswordHash { return PasswordHash{private{s}} }

// Register returns the user who has just chosen a name and a password.
func Register(name Username, hash PasswordHash, contact Contact, now time.Time) User {
	return User{Name: name, Hash: hash, Active: true, Contact: contact, CreatedAt: now, UpdatedAt: now}
}

// ChangeContact applies the changes; changes that change nothing are no change.
func (u *User) ChangeContact(changes ContactChanges, now time.Time) {
	if contact := u.Contact.With(changes); contact != u.Contact {
		u.Contact, u.UpdatedAt = contact, now
	}
}

// ChangePassword makes hash the user's password and ends the user's sessions.
func (u *User) ChangePassword(hash PasswordHash, now time.Time) {
	u.Hash, u.UpdatedAt = hash, now
	u.Generation++
}

// RenewHash replaces the hash of the same password by a stronger one, unless the
// password has changed since old was read. Nobody's session ends and the user
// has not changed in anyone's eyes.
func (u *User) RenewHash(old, renewed PasswordHash) {
	if u.Hash == old {
		u.Hash = renewed
	}
}

// Activate lets the user log in.
func (u *User) Activate(now time.Time) {
	if !u.Active {
		u.Active, u.UpdatedAt = true, now
	}
}

// Deactivate keeps the user from logging in and ends all sessions for good:
// activating the user later brings none of them back.
func (u *User) Deactivate(now time.Time) {
	if u.Active {
		u.Active, u.UpdatedAt = false, now
		u.Generation++
	}
}
