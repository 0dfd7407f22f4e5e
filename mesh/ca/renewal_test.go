package ca_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"shop/kit/testkit"
	"shop/mesh/ca"
)

func TestALeafIsRenewedAtTwoThirdsOfItsLife(t *testing.T) {
	start := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]bool{14 * time.Hour: false, 16 * time.Hour: true} {
		t.Run(after.String(), func(t *testing.T) {
			clock := testkit.NewClock(start)
			a, o := authority(t, ca.Options{Now: clock.Now})
			must(t, a.Once(t.Context()))
			before := load(t, o, "user", start)
			clock.Advance(after)
			must(t, a.Once(t.Context()))
			if got := !load(t, o, "user", clock.Now()).Leaf.Equal(before.Leaf); got != want {
				t.Errorf("renewed: %v, want %v", got, want)
			}
		})
	}
}

func TestAClockThatWentBackGetsCertificatesThatAreValid(t *testing.T) {
	clock := testkit.NewClock(time.Time{})
	a, o := authority(t, ca.Options{Now: clock.Now})
	must(t, a.Once(t.Context()))
	clock.Advance(-30 * time.Second) // Within what certificates are dated back by.
	must(t, a.Check())
	must(t, a.Once(t.Context()))
	load(t, o, "user", clock.Now())
}

// TestWindows: for any life and moment a certificate is valid now, for as long as
// was asked but no longer than its root, and renewed when a third of that is left.
func TestWindows(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		life := time.Duration(rapid.Int64Range(int64(ca.MinLife), int64(ca.MaxLife)).Draw(rt, "life"))
		factor := rapid.Int64Range(10, 50).Draw(rt, "root's life by that")
		clock := testkit.NewClock(time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "now"), rapid.Int64Range(0, 999_999_999).Draw(rt, "nanoseconds")))
		a, o := authority(t, ca.Options{
			Dir: filepath.Join(dir, time.Duration(n).String()), Identities: shop[:1], Life: life, RootLife: time.Duration(factor) * life, Now: clock.Now,
		})
		must(t, a.Once(t.Context()))
		now := clock.Now()
		b := load(t, o, "user", now)
		left := b.Leaf.NotAfter.Sub(now)
		if left > life || left < life-time.Second { // Certificates know whole seconds.
			rt.Errorf("valid for %s, want %s", left, life)
		}
		if b.Leaf.NotAfter.After(b.Roots[0].NotAfter) || b.Leaf.NotBefore.Before(b.Roots[0].NotBefore) {
			rt.Errorf("valid outside of its root's time")
		}
		at := ca.RenewAt(b.Leaf).Sub(now)
		if at < life*3/5-2*time.Second || at > life*2/3 {
			rt.Errorf("renewed after %s of %s", at, life)
		}
	})
}

func TestRunRenewsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		metrics, err := ca.NewMetrics(reg, shop)
		must(t, err)
		a, o := authority(t, ca.Options{Life: time.Hour, Metrics: metrics})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		for range 20 {
			<-time.After(10 * time.Minute)
			synctest.Wait()
			left := time.Until(load(t, o, "user", time.Now()).Leaf.NotAfter)
			if left < 19*time.Minute {
				t.Errorf("only %s of an hour are left", left)
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		got := testutil.ToFloat64(metrics.Rotations("user", "renewal"))
		if got < 4 || got > 6 { // 200 minutes of at most 40 each, in steps of 10.
			t.Errorf("renewed %v times", got)
		}
	})
}

func TestRunTriesAgainAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		metrics, err := ca.NewMetrics(reg, shop)
		must(t, err)
		var log testkit.Buffer
		a, o := authority(t, ca.Options{Life: time.Hour, Metrics: metrics, Log: slog.New(slog.NewJSONHandler(&log, nil))})
		must(t, a.Once(t.Context()))
		before := load(t, o, "user", time.Now())
		obstacle := filepath.Join(o.Dir, "user", "..data_tmp", "obstacle")
		must(t, os.MkdirAll(obstacle, 0o700))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		<-time.After(45 * time.Minute)
		synctest.Wait()
		if !load(t, o, "user", time.Now()).Leaf.Equal(before.Leaf) {
			t.Error("the old certificate did not stay")
		}
		if testutil.ToFloat64(metrics.Failures("user")) == 0 || testutil.ToFloat64(metrics.Failures("product")) != 0 {
			t.Error("the failures were not counted")
		}
		if !strings.Contains(log.String(), "certificate of user (renewal)") || !strings.Contains(log.String(), "obstacle") && !strings.Contains(log.String(), "..data_tmp") {
			t.Errorf("the log does not say what failed: %s", log.String())
		}
		must(t, os.RemoveAll(filepath.Dir(obstacle)))
		<-time.After(time.Minute)
		synctest.Wait()
		if load(t, o, "user", time.Now()).Leaf.Equal(before.Leaf) {
			t.Error("it was not tried again")
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
