package sql

import (
	"shop/kit/sqldb"
	"shop/user/domain"
)

// userRow is a row of users. What a user has not given is an empty text.
type userRow struct {
	ID           int64        `db:"id"`
	Username     string       `db:"username"`
	UsernameKey  string       `db:"username_key"`
	PasswordHash string       `db:"password_hash"`
	IsActive     bool         `db:"is_active"`
	Email        string       `db:"email"`
	Phone        string       `db:"phone"`
	Locale       string       `db:"locale"`
	PushToken    string       `db:"push_token"`
	Generation   int64        `db:"generation"`
	Version      int64        `db:"version"`
	CreatedAt    sqldb.Micros `db:"created_at"`
	UpdatedAt    sqldb.Micros `db:"updated_at"`
}

func toRow(u domain.User) userRow {
	return userRow{
		ID:           int64(u.ID),
		Username:     u.Name.String(),
		UsernameKey:  u.Name.Key(),
		PasswordHash: u.Hash.Text(),
		IsActive:     u.Active,
		Email:        u.Contact.Email.Text(),
		Phone:        u.Contact.Phone.Text(),
		Locale:       string(u.Contact.Locale),
		PushToken:    u.Contact.PushToken.Text(),
		Generation:   u.Generation,
		CreatedAt:    sqldb.From(u.CreatedAt),
		UpdatedAt:    sqldb.From(u.UpdatedAt),
	}
}

func (r userRow) user() domain.User {
	return domain.User{
		ID:     domain.UserID(r.ID),
		Name:   domain.StoredUsername(r.Username),
		Hash:   domain.StoredHash(r.PasswordHash),
		Active: r.IsActive,
		Contact: domain.Contact{
			Email:     domain.StoredEmail(r.Email),
			Phone:     domain.StoredPhone(r.Phone),
			Locale:    domain.Locale(r.Locale),
			PushToken: domain.StoredPushToken(r.PushToken),
		},
		Generation: r.Generation,
		CreatedAt:  r.CreatedAt.Time(),
		UpdatedAt:  r.UpdatedAt.Time(),
	}
}
