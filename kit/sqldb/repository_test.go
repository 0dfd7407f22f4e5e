package sqldb_test

import (
	"errors"
	"fmt"
	"testing"

	"shop/kit/sqldb"
)

func TestRepository(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, r := t.Context(), items()
		note := "hello"
		row := item{Name: "a", Note: &note, Price: 5, CreatedAt: 77}
		must(t, r.Create(ctx, db, &row))
		if row.ID != 1 || row.Version != 1 {
			t.Fatalf("created %+v", row)
		}
		own := item{ID: 40, Name: "own id", Version: 3}
		must(t, r.Create(ctx, db, &own))
		got, err := r.Get(ctx, db, 40)
		must(t, err)
		if got != own {
			t.Errorf("got %+v, want %+v", got, own)
		}
		if err := r.Create(ctx, db, &item{Name: "a"}); !errors.Is(err, sqldb.ErrDuplicate) {
			t.Errorf("got %v, want ErrDuplicate", err)
		}

		first := row
		row.Price, row.Note, row.CreatedAt = 6, nil, 99
		must(t, r.Update(ctx, db, &row))
		got, err = r.Find(ctx, db, "name = ?", "a")
		must(t, err)
		if got.Price != 6 || got.Note != nil || got.Version != 2 || row.Version != 2 || got.CreatedAt != 77 {
			t.Errorf("updated to %+v", got)
		}
		if err := r.Update(ctx, db, &first); !errors.Is(err, sqldb.ErrStale) {
			t.Errorf("an old version: got %v, want ErrStale", err)
		}
		if first.Version != 1 {
			t.Errorf("a failed update left version %d", first.Version)
		}

		must(t, r.Delete(ctx, db, 40))
		for what, err := range map[string]error{
			"delete": r.Delete(ctx, db, 40),
			"update": r.Update(ctx, db, &own),
			"get":    second(r.Get(ctx, db, 40)),
			"find":   second(r.Find(ctx, db, "name = ?", "nobody")),
		} {
			if !errors.Is(err, sqldb.ErrNotFound) {
				t.Errorf("%s of no row: got %v, want ErrNotFound", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestRepositoryListAndCount(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, r := t.Context(), items()
		none, err := r.List(ctx, db, sqldb.Query{})
		if err != nil || none == nil || len(none) != 0 {
			t.Errorf("got %v, %v, want an empty slice", none, err)
		}
		for i := range 10 {
			must(t, r.Create(ctx, db, &item{Name: fmt.Sprint("item ", i), Price: int64(i % 2)}))
		}
		shared := []any{1, "spare"}[:1]
		for want, q := range map[string]sqldb.Query{
			"[1 2 3 4 5 6 7 8 9 10]": {OrderBy: "id"},
			"[2 4 6]":                {Where: "price_minor = ?", Args: shared, OrderBy: "id", Limit: 3},
			"[8 10]":                 {Where: "price_minor = ?", Args: shared, OrderBy: "id", Limit: 3, Offset: 3},
			"[3 2 1]":                {OrderBy: "id DESC", Offset: 7},
		} {
			rows, err := r.List(ctx, db, q)
			must(t, err)
			var ids []int64
			for _, row := range rows {
				ids = append(ids, row.ID)
			}
			if got := fmt.Sprint(ids); got != want {
				t.Errorf("%+v: got %s, want %s", q, got, want)
			}
		}
		if shared[:2][1] != "spare" {
			t.Error("the caller's arguments were overwritten")
		}
		for _, tc := range []struct {
			where string
			args  []any
			max   int64
			n     int64
			exact bool
		}{
			{"", nil, 0, 10, true}, {"", nil, 10, 10, true}, {"", nil, 9, 9, false},
			{"price_minor = ?", shared, 0, 5, true}, {"price_minor = ?", shared, 4, 4, false}, {"id > ?", []any{99}, 4, 0, true},
		} {
			n, exact, err := r.Count(ctx, db, tc.where, tc.args, tc.max)
			if n != tc.n || exact != tc.exact || err != nil {
				t.Errorf("count %q up to %d: got %d, %t, %v, want %d, %t", tc.where, tc.max, n, exact, err, tc.n, tc.exact)
			}
		}
		if _, _, err := r.Count(ctx, db, "", nil, -1); err == nil {
			t.Error("a negative max is accepted")
		}
	})
}

// label has a text key, named otherwise, and is embedded.
type label struct {
	base
	Tag    string `db:"tag"`
	Hidden string `db:"-"`
	Other  string
}

type base struct {
	Item int64 `db:"item_id"`
}

func TestRepositoryWithAnotherKey(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		must(t, items().Create(ctx, db, &item{Name: "a"}))
		labels := sqldb.NewRepository[label]("tags", sqldb.Key("tag"))
		must(t, labels.Create(ctx, db, &label{base: base{1}, Tag: "new"}))
		got, err := labels.Get(ctx, db, "new")
		if err != nil || got.Item != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
		must(t, labels.Update(ctx, db, &got))
		must(t, labels.Delete(ctx, db, "new"))
	})
}

func TestRowsThatDoNotFitPanicAtStart(t *testing.T) {
	for name, make := range map[string]func(){
		"no struct": func() { sqldb.NewRepository[int]("items") },
		"no tags":   func() { sqldb.NewRepository[struct{ ID int }]("items") },
		"no key":    func() { sqldb.NewRepository[base]("items") },
		"a text version": func() {
			sqldb.NewRepository[struct {
				ID      int    `db:"id"`
				Version string `db:"version"`
			}]("items")
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			make()
		})
	}
}

func TestCreateAll(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		note := "a 'quoted', {braced} \"note\"\\ with ộ"
		for _, rows := range [][]item{
			nil,
			{{Name: "alone"}},
			{{Name: "z", Note: &note, Price: 7, CreatedAt: 1 << 60}, {Name: "y", Version: 3}, {Name: "NULL"}},
			{{ID: 1000, Name: "given"}, {ID: 999, Name: "too"}},
		} {
			must(t, items().CreateAll(t.Context(), db, rows))
			for _, want := range rows {
				got, err := items().Get(t.Context(), db, want.ID)
				must(t, err)
				if want.Version == 0 {
					t.Errorf("%s is told no version", want.Name)
				}
				if got.Note != nil && want.Note != nil {
					want.Note = got.Note
					if *got.Note != note {
						t.Errorf("the note is %q, want %q", *got.Note, note)
					}
				}
				if got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
		}
		var names []string
		must(t, db.Select(t.Context(), &names, `SELECT name FROM items WHERE id < 900 ORDER BY id`))
		if fmt.Sprint(names) != "[alone z y NULL]" {
			t.Errorf("in the order of ids: %q", names)
		}
		if err := items().CreateAll(t.Context(), db, []item{{Name: "new"}, {Name: "z"}}); !errors.Is(err, sqldb.ErrDuplicate) {
			t.Errorf("got %v, want a duplicate", err)
		}
	})
}
