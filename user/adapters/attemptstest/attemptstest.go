// Package attemptstest is the contract of ports.Attempts as tests that every
// adapter passes.
package attemptstest

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"shop/user/domain"
	"shop/user/ports"
)

var monday = time.Date(2026, time.March, 16, 9, 0, 0, 123456000, time.UTC)

// Run tests the attempts that open returns, empty each time.
func Run(t *testing.T, open func(t *testing.T) ports.Attempts) {
	for name, test := range map[string]func(*testing.T, ports.Attempts){
		"of a stranger nothing is known":           stranger,
		"failures are counted here and everywhere": counted,
		"a success breaks the row":                 succeeded,
		"no failure of one moment goes uncounted":  concurrent,
		"what is forgotten is purged":              purgedByAge,
		"the newest are kept":                      purgedByNumber,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func origin(name, address string) domain.Origin {
	return domain.Origin{NameKey: name, Address: domain.NewAddress(netip.MustParseAddr(address))}
}

func fail(t *testing.T, attempts ports.Attempts, o domain.Origin, at time.Time) {
	t.Helper()
	err := attempts.Change(t.Context(), o, func(a domain.Attempts) domain.Attempts { return a.Failed(at) })
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, attempts ports.Attempts, o domain.Origin, want domain.Attempts) {
	t.Helper()
	if got, err := attempts.Of(t.Context(), o); err != nil || got != want {
		t.Errorf("of %v: got %+v, %v; want %+v", o, got, err, want)
	}
}

func stranger(t *testing.T, attempts ports.Attempts) {
	want(t, attempts, origin("anna", "10.0.0.1"), domain.Attempts{})
}

func counted(t *testing.T, attempts ports.Attempts) {
	later := monday.Add(time.Minute)
	fail(t, attempts, origin("anna", "10.0.0.1"), monday)
	fail(t, attempts, origin("anna", "10.0.0.2"), monday)
	fail(t, attempts, origin("anna", "10.0.0.2"), later)
	fail(t, attempts, origin("berta", "10.0.0.2"), later)
	everywhere := domain.Failures{Count: 3, Since: monday, Last: later}
	want(t, attempts, origin("anna", "10.0.0.1"),
		domain.Attempts{Here: domain.Failures{Count: 1, Since: monday, Last: monday}, Everywhere: everywhere})
	want(t, attempts, origin("anna", "10.0.0.2"),
		domain.Attempts{Here: domain.Failures{Count: 2, Since: monday, Last: later}, Everywhere: everywhere})
	want(t, attempts, origin("anna", "10.0.0.3"), domain.Attempts{Everywhere: everywhere})
	one := domain.Failures{Count: 1, Since: later, Last: later}
	want(t, attempts, origin("berta", "10.0.0.2"), domain.Attempts{Here: one, Everywhere: one})
}

func succeeded(t *testing.T, attempts ports.Attempts) {
	o := origin("anna", "10.0.0.1")
	fail(t, attempts, o, monday)
	for range 2 { // The second success meets no record of this address.
		err := attempts.Change(t.Context(), o, func(a domain.Attempts) domain.Attempts { return a.Succeeded(monday) })
		if err != nil {
			t.Fatal(err)
		}
		want(t, attempts, o, domain.Attempts{Everywhere: domain.Failures{Count: 1, Since: monday, Last: monday}})
	}
	stranger := origin("berta", "10.0.0.1")
	err := attempts.Change(t.Context(), stranger, func(a domain.Attempts) domain.Attempts { return a.Succeeded(monday) })
	if err != nil {
		t.Fatal(err)
	}
	want(t, attempts, stranger, domain.Attempts{})
}

func concurrent(t *testing.T, attempts ports.Attempts) {
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { fail(t, attempts, origin("anna", fmt.Sprint("10.0.0.", i%2)), monday) })
	}
	all.Wait()
	for _, address := range []string{"10.0.0.0", "10.0.0.1"} {
		want(t, attempts, origin("anna", address), domain.Attempts{
			Here:       domain.Failures{Count: 10, Since: monday, Last: monday},
			Everywhere: domain.Failures{Count: 20, Since: monday, Last: monday},
		})
	}
}

func purgedByAge(t *testing.T, attempts ports.Attempts) {
	later := monday.Add(24 * time.Hour)
	fail(t, attempts, origin("anna", "10.0.0.1"), monday)
	fail(t, attempts, origin("berta", "10.0.0.1"), monday)
	fail(t, attempts, origin("berta", "10.0.0.1"), later) // Still of the day that began with the first.
	fail(t, attempts, origin("carla", "10.0.0.1"), later)
	if n, err := attempts.Purge(t.Context(), later.Add(time.Second), 100); err != nil || n != 2 {
		t.Errorf("purged %d, %v; want 2", n, err)
	}
	want(t, attempts, origin("anna", "10.0.0.1"), domain.Attempts{})
	two := domain.Failures{Count: 2, Since: monday, Last: later}
	want(t, attempts, origin("berta", "10.0.0.1"), domain.Attempts{Here: two, Everywhere: two})
}

func purgedByNumber(t *testing.T, attempts ports.Attempts) {
	for i := range 10 {
		fail(t, attempts, origin(fmt.Sprint("made up ", i), "10.0.0.1"), monday.Add(time.Duration(i)*time.Second))
	}
	for _, dropped := range []int64{14, 0} {
		if n, err := attempts.Purge(t.Context(), monday.Add(time.Minute), 6); err != nil || n != dropped {
			t.Errorf("purged %d, %v; want %d", n, err, dropped)
		}
	}
	for i := range 10 {
		got, err := attempts.Of(t.Context(), origin(fmt.Sprint("made up ", i), "10.0.0.1"))
		if err != nil || got.IsZero() != (i < 7) {
			t.Errorf("of the name %d: got %+v, %v", i, got, err)
		}
	}
}
