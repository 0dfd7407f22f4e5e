package domain

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func failing(n int, at time.Time) Attempts {
	var a Attempts
	for range n {
		a = a.Failed(at)
	}
	return a
}

func TestWaitAfterFailuresFromOneAddress(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0: 0, 1: 0, 9: 0, 10: 30 * time.Second, 11: time.Minute, 12: 2 * time.Minute, 16: 32 * time.Minute,
		17: time.Hour, 18: time.Hour, 90: time.Hour,
	} {
		a := failing(failures, monday)
		got, brake := a.Wait(monday)
		if got != want || (brake == Locked) != (want > 0) {
			t.Errorf("after %d failures: wait %v (%q), want %v", failures, got, brake, want)
		}
		if got, _ := a.Wait(monday.Add(want)); got != 0 {
			t.Errorf("after %d failures and %v: still %v to wait", failures, want, got)
		}
	}
}

func TestOneSuccessBreaksTheRow(t *testing.T) {
	a := failing(9, monday).Succeeded(monday)
	for range 9 {
		a = a.Failed(monday)
	}
	if wait, _ := a.Wait(monday); wait != 0 {
		t.Errorf("nine failures after a success: wait %v", wait)
	}
	if wait, _ := a.Failed(monday).Wait(monday); wait != 30*time.Second {
		t.Errorf("ten failures after a success: wait %v", wait)
	}
}

func TestAnAccountTriedFromEverywhereIsSlowedDown(t *testing.T) {
	a := failing(100, monday)
	a.Here = Failures{} // From an address that has not failed yet.
	step := func(when string, at time.Time, want time.Duration) {
		t.Helper()
		if wait, brake := a.Wait(at); wait != want || (brake == SlowedDown) != (want > 0) {
			t.Errorf("%s: wait %v (%q), want %v", when, wait, brake, want)
		}
	}
	step("at once", monday, 30*time.Second)
	at := monday.Add(30 * time.Second)
	step("half a minute later", at, 0)
	a = a.Succeeded(at)
	step("after a success", at, 30*time.Second)
	at = at.Add(30 * time.Second)
	a = a.Failed(at)
	step("after one more failure", at.Add(time.Second), 29*time.Second)
	step("a day and an hour later", monday.Add(25*time.Hour+time.Minute), 0)
}

func TestNinetyNineFailuresFromEverywhereSlowNobody(t *testing.T) {
	a := failing(99, monday)
	a.Here = Failures{}
	if wait, brake := a.Wait(monday); wait != 0 {
		t.Errorf("wait %v (%s)", wait, brake)
	}
}

func TestFailuresAreForgottenAfterADay(t *testing.T) {
	a := failing(12, monday)
	if a.Here.Forgotten(monday.Add(24 * time.Hour)) {
		t.Error("forgotten within the day")
	}
	late := monday.Add(24*time.Hour + time.Second)
	if !a.Here.Forgotten(late) {
		t.Error("still remembered after a day")
	}
	if got := a.Failed(late); got.Here.Count != 1 || got.Everywhere.Count != 1 || !got.Here.Since.Equal(late) {
		t.Errorf("the first failure of a new day counts %+v", got)
	}
	again := failing(17, monday).Failed(monday.Add(23*time.Hour + 30*time.Minute))
	if wait, _ := again.Wait(late); wait == 0 {
		t.Error("a wait that is running ends with the day")
	}
}

func TestAClockThatWasSetBackMakesNobodyWaitLonger(t *testing.T) {
	a := failing(10, tuesday)
	if wait, _ := a.Wait(monday); wait != 30*time.Second {
		t.Errorf("wait %v, want 30s", wait)
	}
}

// However an attacker mixes addresses and pauses: from one address no account
// is tried more often than the waits allow, and no wait is beyond an hour.
func TestTriesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, tried := monday, 0
		var a Attempts
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "pause")) * time.Second)
			wait, brake := a.Wait(now)
			if wait > time.Hour || (wait > 0) != (brake != NoBrake) {
				t.Fatalf("wait %v by %q", wait, brake)
			}
			if wait == 0 {
				tried++
				a = a.Failed(now)
			}
		}
		// Ten at once, then one after 30 s, 1 min, 2 min, …
		allowed := 10
		left := now.Sub(monday)
		for pause := 30 * time.Second; left >= pause; pause = min(2*pause, time.Hour) {
			allowed++
			left -= pause
		}
		if now.Sub(monday) <= 24*time.Hour && tried > allowed {
			t.Fatalf("%d tries in %v, want at most %d", tried, now.Sub(monday), allowed)
		}
	})
}

func TestOriginsAreCountedApart(t *testing.T) {
	ip := func(s string) Address { return NewAddress(netip.MustParseAddr(s)) }
	same := [][2]Origin{
		{{"an", ip("10.0.0.1")}, {"an", ip("::ffff:10.0.0.1")}},
		{{"an", ip("2001:db8::1")}, {"an", ip("2001:db8::ffff:1")}},
		{{"an", ip("fe80::1%eth0")}, {"an", ip("fe80::1%eth1")}},
	}
	for _, pair := range same {
		if a, _ := pair[0].Keys(); a == "" {
			t.Errorf("%v has no key", pair[0])
		} else if b, _ := pair[1].Keys(); a != b {
			t.Errorf("%v and %v are counted apart", pair[0], pair[1])
		}
	}
	seen := map[string]Origin{}
	for _, o := range []Origin{
		{"an", ip("10.0.0.1")}, {"an", ip("10.0.0.2")}, {"binh", ip("10.0.0.1")}, {"an", ip("2001:db8:0:1::1")},
		{"an", ip("2001:db8:0:2::1")}, {"an", Address{}}, {"", Address{}}, {"an10.0.0.1", Address{}},
	} {
		here, everywhere := o.Keys()
		if other, taken := seen[here]; taken {
			t.Errorf("%v and %v share a key", o, other)
		}
		if here == everywhere || len(here) != 32 || len(everywhere) != 32 {
			t.Errorf("%v has the keys %q and %q", o, here, everywhere)
		}
		seen[here] = o
	}
	_, a := Origin{"an", ip("10.0.0.1")}.Keys()
	_, b := Origin{"an", ip("10.0.0.2")}.Keys()
	if a != b {
		t.Error("one account has two keys for everywhere")
	}
}

func TestAddressesRead(t *testing.T) {
	for in, want := range map[string]string{"10.0.0.1": "10.0.0.1", "2001:db8::5": "2001:db8::/64", "::ffff:1.2.3.4": "1.2.3.4"} {
		if got := NewAddress(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s reads %q, want %q", in, got, want)
		}
	}
	if got := NewAddress(netip.Addr{}).String(); got != "unknown" {
		t.Errorf("no address reads %q", got)
	}
}
