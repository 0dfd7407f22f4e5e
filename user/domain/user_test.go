package domain

import (
	"testing"
	"time"
)

var (
	monday  = time.Date(2026, time.March, 16, 9, 0, 0, 0, time.UTC)
	tuesday = monday.Add(24 * time.Hour)
)

func registered(t *testing.T) User {
	t.Helper()
	name, err := NewUsername("Anna")
	if err != nil {
		t.Fatal(err)
	}
	return Register(name, StoredHash("old"), Contact{Email: StoredEmail("an@example.com")}, monday)
}

func TestAUserChanges(t *testing.T) {
	email := StoredEmail("an@example.com")
	for name, tc := range map[string]struct {
		change     func(*User)
		generation int64
		updated    time.Time
		active     bool
		hash       string
	}{
		"registered":                       {func(*User) {}, 0, monday, true, "old"},
		"gives a phone":                    {func(u *User) { p := StoredPhone("1"); u.ChangeContact(ContactChanges{Phone: &p}, tuesday) }, 0, tuesday, true, "old"},
		"gives the same email":             {func(u *User) { u.ChangeContact(ContactChanges{Email: &email}, tuesday) }, 0, monday, true, "old"},
		"takes a new password":             {func(u *User) { u.ChangePassword(StoredHash("new"), tuesday) }, 1, tuesday, true, "new"},
		"is deactivated":                   {func(u *User) { u.Deactivate(tuesday) }, 1, tuesday, false, "old"},
		"is deactivated twice":             {func(u *User) { u.Deactivate(monday); u.Deactivate(tuesday) }, 1, monday, false, "old"},
		"comes back":                       {func(u *User) { u.Deactivate(monday); u.Activate(tuesday) }, 1, tuesday, true, "old"},
		"is activated while active":        {func(u *User) { u.Activate(tuesday) }, 0, monday, true, "old"},
		"gets a stronger hash":             {func(u *User) { u.RenewHash(StoredHash("old"), StoredHash("strong")) }, 0, monday, true, "strong"},
		"gets a stronger hash of the past": {func(u *User) { u.RenewHash(StoredHash("older"), StoredHash("strong")) }, 0, monday, true, "old"},
	} {
		t.Run(name, func(t *testing.T) {
			u := registered(t)
			tc.change(&u)
			if u.Generation != tc.generation || !u.UpdatedAt.Equal(tc.updated) || u.Active != tc.active || u.Hash != StoredHash(tc.hash) {
				t.Errorf("got generation %d, updated %v, active %v, hash %q", u.Generation, u.UpdatedAt, u.Active, u.Hash.Text())
			}
		})
	}
}

func TestARefreshTokenIsSpentOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		token Refresh
		want  error
	}{
		"fresh":                    {Refresh{ExpiresAt: tuesday}, nil},
		"expires this very moment": {Refresh{ExpiresAt: monday}, ErrRefreshToken},
		"spent":                    {Refresh{ExpiresAt: tuesday, Spent: true}, ErrRefreshReused},
		"spent and expired":        {Refresh{ExpiresAt: monday, Spent: true}, ErrRefreshReused},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.token.Spend(monday); got != tc.want { //nolint:errorlint // The sentinel itself is promised.
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestAStandingAdmitsATokenOrNot(t *testing.T) {
	claims := Claims{User: 7, Name: "Anna", Session: "s"}
	for name, tc := range map[string]struct {
		standing Standing
		want     error
	}{
		"live":                        {Standing{Name: "Anna", Active: true, Live: true}, nil},
		"no such user":                {Standing{}, TokenUnknownUser},
		"another user by this id":     {Standing{Name: "Binh", Active: true, Live: true}, TokenUnknownUser},
		"deactivated":                 {Standing{Name: "Anna", Live: true}, TokenRevoked},
		"session ended":               {Standing{Name: "Anna", Active: true}, TokenRevoked},
		"deactivated and ended, both": {Standing{Name: "Anna"}, TokenRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			caller, err := tc.standing.Admit(claims)
			if err != tc.want { //nolint:errorlint // A refusal is returned as it is.
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if err == nil && caller != (Caller{User: 7, Name: "Anna", Session: "s"}) {
				t.Errorf("got %+v", caller)
			}
		})
	}
}
