package ca_test

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shop/kit/testkit"
	"shop/mesh/ca"
	"shop/mesh/identity"
)

func TestARootGivesWayInThreeSteps(t *testing.T) {
	clock := testkit.NewClock(time.Time{})
	a, o := authority(t, ca.Options{Now: clock.Now})
	must(t, a.Once(t.Context()))
	old := load(t, o, "user", clock.Now()).Roots[0]
	clock.Advance(time.Hour)
	must(t, a.RotateRoot(t.Context()))
	for _, step := range []struct {
		after     time.Duration
		roots     int
		signedOld bool
	}{
		{0, 2, true}, // The new one is known to all before it signs,
		{23 * time.Hour, 2, true},
		{2 * time.Hour, 2, false}, // then it signs, and the old one is still trusted,
		{22 * time.Hour, 2, false},
		{3 * time.Hour, 1, false}, // until nothing can be left that it has signed.
	} {
		clock.Advance(step.after)
		must(t, a.Once(t.Context()))
		for _, id := range shop {
			b := load(t, o, id.Name, clock.Now())
			if signedOld := b.Leaf.CheckSignatureFrom(old) == nil; len(b.Roots) != step.roots || signedOld != step.signedOld {
				t.Errorf("after %s: %s has %d roots, signed by the old one: %v; want %d, %v", step.after, id.Name, len(b.Roots), signedOld, step.roots, step.signedOld)
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(o.Dir, ".root", "root-*"))
	must(t, err)
	if len(left) != 2 {
		t.Errorf("files of roots: %v, want those of the new one", left)
	}
}

// TestNobodyIsEverRefused: whatever roots are made and however long it takes, a
// workload that has renewed and one that has not yet accept each other.
func TestNobodyIsEverRefused(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		clock := testkit.NewClock(time.Time{})
		a, o := authority(t, ca.Options{
			Dir: filepath.Join(dir, strconv.Itoa(n)), Identities: shop[:2], Life: time.Hour, RootLife: 10 * time.Hour, Now: clock.Now,
		})
		must(t, a.Once(t.Context()))
		before := load(t, o, "user", clock.Now())
		for range rapid.IntRange(1, 20).Draw(rt, "passes") {
			if rapid.IntRange(0, 9).Draw(rt, "new root at 0") == 0 {
				must(t, a.RotateRoot(t.Context()))
			}
			clock.Advance(time.Duration(rapid.Int64Range(0, int64(15*time.Minute)).Draw(rt, "pause")))
			must(t, a.Once(t.Context()))
			after := load(t, o, "user", clock.Now())
			for _, pair := range []identity.Bundle{{Leaf: before.Leaf, Roots: after.Roots}, {Leaf: after.Leaf, Roots: before.Roots}} {
				if err := pair.Verify("user", clock.Now()); err != nil {
					rt.Fatalf("refused: %v", err)
				}
			}
			before = after
		}
	})
}
