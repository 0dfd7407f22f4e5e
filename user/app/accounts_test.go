package app_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/user/app"
	"shop/user/domain"
	"shop/user/ports"
)

func registration(t *testing.T, name string) ports.Register {
	t.Helper()
	username, err := domain.NewUsername(name)
	if err != nil {
		t.Fatal(err)
	}
	return ports.Register{Name: username, Password: domain.TypedPassword(password)}
}

func TestRegister(t *testing.T) {
	f := newFixture(t)
	cmd := registration(t, "Anna")
	cmd.Contact = domain.Contact{Email: domain.StoredEmail("an@example.com")}
	user, err := f.Register(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	if user.ID == 0 || !user.Active || user.Contact != cmd.Contact || !user.CreatedAt.Equal(f.clock.Now()) {
		t.Errorf("got %+v", user)
	}
	f.wantEvents(ports.Registered)
	f.login("anna")
}

func TestATakenNameIsNotHashedFor(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	_, err := f.Register(t.Context(), registration(t, "ANNA"))
	if !errors.Is(err, domain.ErrUsernameTaken) || errs.Of(err).Params["username"] != "ANNA" {
		t.Errorf("got %v, want ErrUsernameTaken of ANNA", err)
	}
	if got := f.hasher.Hashed.Load(); got != 1 {
		t.Errorf("%d hashes, want 1", got)
	}
	f.wantEvents()
}

func TestOfManyWhoRegisterOneNameAtOnceOneDoes(t *testing.T) {
	f := newFixture(t)
	var all sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		all.Go(func() { _, results[i] = f.Register(t.Context(), registration(t, "Anna")) })
	}
	all.Wait()
	done := 0
	for _, err := range results {
		if err == nil {
			done++
		} else if !errors.Is(err, domain.ErrUsernameTaken) {
			t.Error(err)
		}
	}
	if done != 1 {
		t.Errorf("%d registered", done)
	}
	f.wantEvents(ports.Registered)
}

func TestRegisterWhileStorageIsAway(t *testing.T) {
	f := newFixture(t, func(n *app.Needs) { n.Users = awayUsers{n.Users} })
	if _, err := f.Register(t.Context(), registration(t, "Anna")); !errors.Is(err, errAway) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestChangeContact(t *testing.T) {
	f := newFixture(t)
	user := f.register("Anna")
	session := f.login("Anna")
	caller := f.caller(session)
	f.journal.Entries()
	f.clock.Advance(time.Hour / 4)
	phone := domain.StoredPhone("0901234567")
	changed, err := f.ChangeProfile(t.Context(), ports.ChangeProfile{Caller: caller, Contact: domain.ContactChanges{Phone: &phone}})
	if err != nil || changed.Contact.Phone != phone || !changed.UpdatedAt.Equal(f.clock.Now()) {
		t.Errorf("got %+v, %v", changed, err)
	}
	f.clock.Advance(time.Second)
	same, err := f.ChangeProfile(t.Context(), ports.ChangeProfile{Caller: caller})
	if err != nil || same != changed {
		t.Errorf("a change of nothing gave %+v, %v", same, err)
	}
	if got, err := f.Profile(t.Context(), user.ID); err != nil || got != changed {
		t.Errorf("the profile is %+v, %v", got, err)
	}
	if got, err := f.Contact(t.Context(), user.ID); err != nil || got != changed {
		t.Errorf("the contact is %+v, %v", got, err)
	}
	f.wantValid(session, true)
	f.wantEvents()
}

func change(caller domain.Caller, current, next string) ports.ChangeProfile {
	return ports.ChangeProfile{
		Caller: caller, Address: address("10.0.0.1"),
		Password: &ports.PasswordChange{Current: domain.TypedPassword(current), New: domain.TypedPassword(next)},
	}
}

func TestANewPasswordEndsAllOtherSessions(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	mine, phone, thief := f.login("Anna"), f.login("Anna"), f.login("Anna")
	f.journal.Entries()
	email := domain.StoredEmail("an@example.com")
	cmd := change(f.caller(mine), password, "another one")
	cmd.Contact = domain.ContactChanges{Email: &email}
	user, err := f.ChangeProfile(t.Context(), cmd)
	if err != nil || user.Contact.Email != email {
		t.Fatalf("got %+v, %v", user, err)
	}
	f.wantEvents(ports.PasswordChanged)
	f.wantValid(mine, true)
	f.wantValid(phone, false)
	f.wantValid(thief, false)
	if _, err := f.refresh(mine); err != nil {
		t.Errorf("the caller's refresh token: %v", err)
	}
	if _, err := f.refresh(phone); !errors.Is(err, domain.ErrRefreshToken) {
		t.Errorf("another's refresh token: got %v, want ErrRefreshToken", err)
	}
	if _, err := f.try("Anna", password, "10.0.0.1"); !errors.Is(err, domain.ErrCredentials) {
		t.Errorf("the old password: got %v, want ErrCredentials", err)
	}
	if _, err := f.try("Anna", "another one", "10.0.0.1"); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestAWrongCurrentPasswordChangesNothing(t *testing.T) {
	f := newFixture(t)
	user := f.register("Anna")
	mine, other := f.login("Anna"), f.login("Anna")
	f.journal.Entries()
	email := domain.StoredEmail("an@example.com")
	cmd := change(f.caller(mine), "wrong", "another one")
	cmd.Contact = domain.ContactChanges{Email: &email}
	if _, err := f.ChangeProfile(t.Context(), cmd); !errors.Is(err, domain.ErrWrongPassword) {
		t.Errorf("got %v, want ErrWrongPassword", err)
	}
	f.wantEvents(ports.PasswordRefused)
	if got, err := f.Profile(t.Context(), user.ID); err != nil || got != user {
		t.Errorf("got %+v, %v", got, err)
	}
	f.wantValid(other, true)
}

// Whoever holds a stolen token must not find out the password by trying.
func TestGuessingTheCurrentPasswordIsThrottledLikeALogin(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	mine := f.login("Anna")
	for range 10 {
		if _, err := f.ChangeProfile(t.Context(), change(f.caller(mine), "wrong", "another one")); !errors.Is(err, domain.ErrWrongPassword) {
			t.Fatal(err)
		}
	}
	_, err := f.ChangeProfile(t.Context(), change(f.caller(mine), password, "another one"))
	if !errors.Is(err, domain.ErrLoginThrottled) || errs.Of(err).RetryAfter != 30*time.Second {
		t.Errorf("got %v, want ErrLoginThrottled", err)
	}
	f.wantWait("Anna", password, "10.0.0.1", 30*time.Second)
	f.wantValid(mine, true)
}

func TestOfTwoPasswordChangesAtOnceOneIsMade(t *testing.T) {
	f := newFixture(t)
	f.register("Anna")
	mine := f.caller(f.login("Anna"))
	raced := false
	f.needs.Hasher = meanwhile{f.hasher, func() {
		if raced {
			return
		}
		raced = true
		if _, err := app.New(f.needs, f.Settings).ChangeProfile(t.Context(), change(mine, password, "the other's")); err != nil {
			t.Error(err)
		}
	}}
	f.App = app.New(f.needs, f.Settings)
	if _, err := f.ChangeProfile(t.Context(), change(mine, password, "another one")); !errors.Is(err, domain.ErrUserChanged) {
		t.Errorf("got %v, want ErrUserChanged", err)
	}
}

func TestDirectory(t *testing.T) {
	f := newFixture(t)
	anna, berta := f.register("Anna"), f.register("Berta")
	users, err := f.List(t.Context(), anna.ID, 10)
	if err != nil || len(users) != 1 || users[0] != berta {
		t.Errorf("got %+v, %v", users, err)
	}
	for _, active := range []bool{false, true} {
		if user, err := f.SetActive(t.Context(), "ANNA", active); err != nil || user.Active != active {
			t.Errorf("got %+v, %v; want active = %v", user, err, active)
		}
	}
	f.wantEvents(ports.Deactivated, ports.Activated)
	if _, err := f.SetActive(t.Context(), "Carla", true); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("got %v, want ErrUserNotFound", err)
	}
	if _, err := f.Contact(t.Context(), 99); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("got %v, want ErrUserNotFound", err)
	}
}
