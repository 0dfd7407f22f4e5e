package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"
)

// naming is what the callers of these tests want: an item of that name.
type naming struct {
	name string
	id   int64
}

// groups is a GroupCommit that can be held up while others gather.
type groups struct {
	*sqldb.GroupCommit[*naming]

	gate    chan struct{}
	entered chan []string
	vacated chan struct{} // Closed when the lanes that gather occupies are free.
	before  func(names []string)
	ctx     context.Context //nolint:containedctx // Of all calls.
}

func newGroups(db *sqldb.DB) *groups {
	g := &groups{
		gate: make(chan struct{}), entered: make(chan []string, 100), vacated: make(chan struct{}),
		before: func([]string) {}, ctx: context.Background(),
	}
	g.GroupCommit = sqldb.NewGroupCommit(db, "items", func(ctx context.Context, tx *sqldb.Tx, group []sqldb.Member[*naming]) error {
		rows := make([]item, len(group))
		names := make([]string, len(group))
		for i, m := range group {
			names[i] = m.Item.name
			rows[i] = item{Name: names[i]}
		}
		g.entered <- names
		<-g.gate
		g.before(names)
		if strings.Contains(strings.Join(names, ""), "panic") {
			panic("bang")
		}
		if err := items().CreateAll(ctx, tx, rows); err != nil {
			return err
		}
		for i, m := range group {
			m.Item.id = rows[i].ID
		}
		return nil
	})
	return g
}

// gather starts a group of the first of names that occupies every lane, lets the
// others gather behind it, and then lets all go on. It returns what each got.
func (g *groups) gather(t *testing.T, names ...string) map[string]error {
	t.Helper()
	var mu sync.Mutex
	got := map[string]error{}
	var lanes, others sync.WaitGroup
	do := func(name string) {
		n := &naming{name: name}
		err := g.Do(g.ctx, n)
		if err == nil && n.id == 0 {
			err = errors.New("no id")
		}
		mu.Lock()
		defer mu.Unlock()
		got[name] = err
	}
	for lane := range g.Lanes() {
		lanes.Go(func() { do(fmt.Sprint("lane ", lane)) })
		<-g.entered
	}
	for i, name := range names {
		others.Go(func() { do(name) })
		g.await(t, i+1)
	}
	close(g.gate)
	lanes.Wait()
	close(g.vacated)
	others.Wait()
	return got
}

// await waits until n callers gather.
func (g *groups) await(t *testing.T, n int) {
	t.Helper()
	testkit.Eventually(t, 10*time.Second, func() bool { return g.Waiting() == n }, n, "callers gather")
}

func TestAGroupSharesOneTransaction(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		g := newGroups(db)
		for name, err := range g.gather(t, "a", "b", "c") {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if group := <-g.entered; fmt.Sprint(group) != "[a b c]" {
			t.Errorf("the second group is %q, want all who had gathered", group)
		}
		var names []string
		must(t, db.Select(t.Context(), &names, `SELECT name FROM items WHERE name NOT LIKE 'lane%' ORDER BY id`))
		if fmt.Sprint(names) != "[a b c]" {
			t.Errorf("stored %q", names)
		}
	})
}

func TestOneAtFaultFailsAlone(t *testing.T) {
	for fault, is := range map[string]func(error) bool{
		"there": func(err error) bool { return errors.Is(err, sqldb.ErrDuplicate) },
		"panic": func(err error) bool { return err != nil && strings.Contains(err.Error(), "bang") },
	} {
		t.Run(fault, func(t *testing.T) {
			each(t, func(t *testing.T, db *sqldb.DB) {
				must(t, items().Create(t.Context(), db, &item{Name: "there"}))
				for name, err := range newGroups(db).gather(t, "a", fault, "c") {
					if name == fault && !is(err) || name != fault && err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		})
	}
}

// TestTheCommitIsUnknownToAll: nobody's item is written a second time when the
// answer to the commit was lost.
func TestTheCommitIsUnknownToAll(t *testing.T) {
	wired(t, sqldb.Options{}, func(t *testing.T, db *sqldb.DB, wire *sqldbtest.Wire) {
		g := newGroups(db)
		g.before = func(names []string) {
			if names[0] == "a" {
				<-g.vacated
				wire.LoseAnswer("COMMIT")
			}
		}
		for name, err := range g.gather(t, "a", "b") {
			if unknown := errors.Is(err, sqldb.ErrOutcomeUnknown); unknown == strings.HasPrefix(name, "lane") {
				t.Errorf("%s: %v", name, err)
			}
		}
		var n int64
		must(t, db.Get(t.Context(), &n, `SELECT count(*) FROM items WHERE name IN ('a', 'b')`))
		if n != 2 {
			t.Errorf("%d items, want both once: it was committed", n)
		}
	})
}

// TestATraceShowsItsGroup: whoever's trace it is, it tells of the transaction, and
// where its statements are.
func TestATraceShowsItsGroup(t *testing.T) {
	observed(t, func(t *testing.T, db *sqldb.DB, tel *testkit.Captured) {
		g := newGroups(db)
		ctx, root := tel.Tracer.Start(t.Context(), "request")
		g.ctx = ctx
		for name, err := range g.gather(t, "a", "b", "c") {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		root.End()
		linked, together := 0, 0
		for _, span := range tel.Spans("BATCH items") {
			if span.Parent().SpanID() != root.SpanContext().SpanID() {
				t.Errorf("a batch is no child of its request")
			}
			linked += len(span.Links())
			if strings.Contains(attributes(span), "db.operation.batch.size=3") {
				together++
			}
		}
		if linked != 2 || together != 3 {
			t.Errorf("%d spans lead to another's, %d tell of the group, want 2 and 3", linked, together)
		}
		if n := len(tel.Spans("INSERT items")); n == 0 {
			t.Error("no statement is seen")
		}
	})
}

func TestWhoHasLeftIsNotWrittenFor(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		g := newGroups(db)
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error)
		var running sync.WaitGroup
		for lane := range g.Lanes() {
			running.Go(func() {
				if err := g.Do(t.Context(), &naming{name: fmt.Sprint("lane ", lane)}); err != nil {
					t.Error(err)
				}
			})
			<-g.entered
		}
		go func() { left <- g.Do(ctx, &naming{name: "gone"}) }()
		g.await(t, 1)
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want its context's error", err)
		}
		close(g.gate)
		running.Wait()
		must(t, g.Do(t.Context(), &naming{name: "last"}))
		if n := count(t, db); n != int64(g.Lanes()+1) {
			t.Errorf("%d items, want no one that nobody waits for", n)
		}
	})
}

// TestNothingIsLostBetweenGroups has many callers, so that groups of all sizes come
// about.
func TestNothingIsLostBetweenGroups(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		const callers, calls = 32, 20
		var biggest atomic.Int64
		g := sqldb.NewGroupCommit(db, "items", func(ctx context.Context, tx *sqldb.Tx, group []sqldb.Member[*naming]) error {
			if n := int64(len(group)); n > biggest.Load() {
				biggest.Store(n)
			}
			rows := make([]item, len(group))
			for i, m := range group {
				rows[i].Name = m.Item.name
			}
			err := items().CreateAll(ctx, tx, rows)
			for i, m := range group {
				m.Item.id = rows[i].ID
			}
			return err
		})
		var running sync.WaitGroup
		for caller := range callers {
			running.Go(func() {
				for call := range calls {
					n := &naming{name: fmt.Sprint(caller, "-", call)}
					if err := g.Do(t.Context(), n); err != nil {
						t.Error(err)
						return
					}
					stored, err := items().Get(t.Context(), db, n.id)
					if err != nil || stored.Name != n.name {
						t.Errorf("%s is told the id of %q (%v)", n.name, stored.Name, err)
					}
				}
			})
		}
		running.Wait()
		if n := count(t, db); n != callers*calls {
			t.Errorf("%d items, want %d", n, callers*calls)
		}
		t.Logf("biggest group: %d", biggest.Load())
	})
}
