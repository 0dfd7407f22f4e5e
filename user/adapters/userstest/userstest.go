// Package userstest is the contract of ports.Users as tests that every adapter
// passes.
package userstest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"shop/user/domain"
	"shop/user/ports"
)

var monday = time.Date(2026, time.March, 16, 9, 0, 0, 123456000, time.UTC)

// Run tests the users that open returns, an empty repository each time.
func Run(t *testing.T, open func(t *testing.T) ports.Users) {
	for name, test := range map[string]func(*testing.T, ports.Users){
		"a user comes back as stored":                 comesBack,
		"a user who does not exist":                   unknown,
		"a name is taken in any letter case":          taken,
		"of many who add one name at once one does":   raceToAdd,
		"users are listed by id":                      listed,
		"a change is stored":                          change,
		"a change that fails changes nothing":         failedChange,
		"a change of nobody":                          changeNobody,
		"no change is lost among those of one moment": manyChanges,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Anyone returns a user to add, with every field given.
func Anyone(t testing.TB, name string) domain.User {
	t.Helper()
	username, err := domain.NewUsername(name)
	if err != nil {
		t.Fatal(err)
	}
	contact := domain.Contact{
		Email: domain.StoredEmail(name + "@example.com"), Phone: domain.StoredPhone("090 123 4567"),
		Locale: domain.English, PushToken: domain.StoredPushToken("fcm:" + name),
	}
	return domain.Register(username, domain.StoredHash("hash of "+name), contact, monday)
}

// Add adds a user or fails the test.
func Add(t testing.TB, users ports.Users, name string) domain.User {
	t.Helper()
	u, err := users.Add(t.Context(), Anyone(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func comesBack(t *testing.T, users ports.Users) {
	want := Anyone(t, "Nguyễn Ân")
	added, err := users.Add(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if added.ID < 1 {
		t.Errorf("the new user has the id %d", added.ID)
	}
	want.ID = added.ID
	byID, err := users.Get(t.Context(), added.ID)
	if err != nil || byID != want || added != want {
		t.Errorf("added %#v, then got %#v, %v; want %#v", added, byID, err, want)
	}
	byName, err := users.ByName(t.Context(), "NGUYỄN ân")
	if err != nil || byName != want {
		t.Errorf("found %#v by name, %v", byName, err)
	}
	if byName.Hash != want.Hash || byName.Contact != want.Contact {
		t.Error("the hash or the contact data are others")
	}
	plain := Anyone(t, "Bình")
	plain.Contact = domain.Contact{}
	if plain, err = users.Add(t.Context(), plain); err != nil || plain.Contact != (domain.Contact{}) || plain.ID <= added.ID {
		t.Errorf("without contact data: got %#v, %v", plain, err)
	}
}

func unknown(t *testing.T, users ports.Users) {
	if _, err := users.Get(t.Context(), 1); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("by id: got %v", err)
	}
	if _, err := users.ByName(t.Context(), "nobody"); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("by name: got %v", err)
	}
}

func taken(t *testing.T, users ports.Users) {
	Add(t, users, "Nguyễn")
	if _, err := users.Add(t.Context(), Anyone(t, "NGUYỄN")); !errors.Is(err, domain.ErrUsernameTaken) {
		t.Errorf("got %v, want ErrUsernameTaken", err)
	}
}

func raceToAdd(t *testing.T, users ports.Users) {
	var all sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		all.Go(func() { _, results[i] = users.Add(t.Context(), Anyone(t, "same")) })
	}
	all.Wait()
	added := 0
	for _, err := range results {
		if err == nil {
			added++
		} else if !errors.Is(err, domain.ErrUsernameTaken) {
			t.Errorf("got %v, want ErrUsernameTaken", err)
		}
	}
	if added != 1 {
		t.Errorf("%d were added", added)
	}
}

func listed(t *testing.T, users ports.Users) {
	var ids []domain.UserID
	for _, name := range []string{"carla", "anna", "berta"} {
		ids = append(ids, Add(t, users, name).ID)
	}
	for name, tc := range map[string]struct {
		after domain.UserID
		limit int
		want  []domain.UserID
	}{
		"all":         {0, 10, ids},
		"first two":   {0, 2, ids[:2]},
		"the rest":    {ids[1], 2, ids[2:]},
		"none":        {ids[2], 2, nil},
		"with a zero": {0, 1, ids[:1]},
	} {
		got, err := users.List(t.Context(), tc.after, tc.limit)
		if err != nil || len(got) != len(tc.want) {
			t.Fatalf("%s: got %d users, %v; want %d", name, len(got), err, len(tc.want))
		}
		for i, u := range got {
			if u.ID != tc.want[i] {
				t.Errorf("%s: user %d has the id %d, want %d", name, i, u.ID, tc.want[i])
			}
		}
	}
}

func change(t *testing.T, users ports.Users) {
	u := Add(t, users, "anna")
	later := monday.Add(time.Hour)
	email := domain.StoredEmail("new@example.com")
	changed, err := users.Change(t.Context(), u.ID, "", func(u *domain.User) error {
		u.ChangeContact(domain.ContactChanges{Email: &email, Phone: new(domain.Phone)}, later)
		u.ChangePassword(domain.StoredHash("new"), later)
		u.Deactivate(later)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := users.Get(t.Context(), u.ID)
	if err != nil || got != changed {
		t.Errorf("got %#v, %v; want %#v", got, err, changed)
	}
	if got.Contact.Email != email || !got.Contact.Phone.IsZero() || got.Hash != domain.StoredHash("new") || got.Active ||
		got.Generation != 2 || !got.UpdatedAt.Equal(later) || !got.CreatedAt.Equal(monday) {
		t.Errorf("got %#v", got)
	}
}

func failedChange(t *testing.T, users ports.Users) {
	u := Add(t, users, "anna")
	refused := errors.New("refused")
	_, err := users.Change(t.Context(), u.ID, "", func(u *domain.User) error {
		u.ChangePassword(domain.StoredHash("new"), monday)
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v, want the error of the change", err)
	}
	if got, err := users.Get(t.Context(), u.ID); err != nil || got != u {
		t.Errorf("got %#v, %v; want %#v", got, err, u)
	}
}

func changeNobody(t *testing.T, users ports.Users) {
	_, err := users.Change(t.Context(), 7, "", func(*domain.User) error { return nil })
	if !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("got %v, want ErrUserNotFound", err)
	}
}

func manyChanges(t *testing.T, users ports.Users) {
	u := Add(t, users, "anna")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := users.Change(t.Context(), u.ID, "", func(u *domain.User) error {
				u.ChangePassword(u.Hash, monday)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := users.Get(t.Context(), u.ID); err != nil || got.Generation != 20 {
		t.Errorf("generation %d after 20 changes, %v", got.Generation, err)
	}
}
