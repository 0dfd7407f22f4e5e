// Package demo walks the whole story of a shop against running services, one
// readable line a step, and stops at the first surprise.
package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"shop/shop/rest"
)

// Story is one walk in progress: what its steps have learned so far.
type Story struct {
	shop rest.Shop
	out  io.Writer
	tag  string // Makes this walk's names unique.

	seller, buyer, stranger rest.Session
	buyerName               string
	productID, orderID      int64
	productTag              string
}

type step struct {
	title string
	run   func(ctx context.Context, s *Story) (rest.Answer, string, error)
}

// chapters in the order of the story; every step needs those before it.
var chapters = []struct {
	title string
	steps []step
}{
	{"Four services", doors},
	{"Accounts", accounts},
	{"Products", products},
	{"Orders", orders},
	{"Notifications", notifications},
	{"Leaving", leaving},
}

// Run walks the story and writes a line a step to out. It returns the first
// surprise: a step whose answer is not what the contract says.
func Run(ctx context.Context, out io.Writer, shop rest.Shop) error {
	s := &Story{shop: shop, out: out, tag: strings.ToLower(rand.Text()[:8])}
	start, n := time.Now(), 0
	for _, chapter := range chapters {
		fmt.Fprintf(out, "\n%s\n", chapter.title)
		for _, st := range chapter.steps {
			answer, seen, err := st.run(ctx, s)
			if err != nil {
				fmt.Fprintf(out, "  ✗ %3s %9s  %s\n", status(answer), took(answer), st.title)
				return fmt.Errorf("%s: %w%s", st.title, err, trace(answer))
			}
			n++
			fmt.Fprintf(out, "  ✓ %3s %9s  %-44s %s\n", status(answer), took(answer), st.title, seen)
		}
	}
	fmt.Fprintf(out, "\n%d steps, no surprise, %s\n", n, time.Since(start).Round(time.Millisecond))
	return nil
}

func status(a rest.Answer) string {
	if a.Status == 0 {
		return "–"
	}
	return fmt.Sprint(a.Status)
}

func took(a rest.Answer) string {
	return fmt.Sprintf("%.1f ms", float64(a.Took)/float64(time.Millisecond))
}

func trace(a rest.Answer) string {
	if id := a.Header.Get("X-Trace-Id"); id != "" {
		return " (trace " + id + ")"
	}
	return ""
}

// want returns an error unless a has the status.
func want(a rest.Answer, err error, code int) error {
	if err != nil {
		return err
	}
	if a.Status != code {
		return fmt.Errorf("answered %d, want %d: %s", a.Status, code, a.Detail())
	}
	return nil
}

// get reads path of c into v and wants 200.
func get(ctx context.Context, c rest.Client, path string, v any) (rest.Answer, error) {
	a, err := c.Get(ctx, path)
	if err := want(a, err, http.StatusOK); err != nil {
		return a, err
	}
	return a, a.Into(v)
}

// until repeats probe until it says done, for at most limit. Events take their
// time; everything else in the story is answered at once.
func until(ctx context.Context, limit time.Duration, probe func() (done bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := probe(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s", limit)
		case <-tick.C:
		}
	}
}
