package storetest

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shop/kit/money"

	"shop/product/domain"
	"shop/product/ports"
)

var sorts = []string{"id", "-id", "name", "-name", "price", "-price", "created_at", "-created_at"}

// assortment has equal names, prices and times, names that fold alike, and every
// character that means something to LIKE.
func assortment(t *testing.T, s Store) []domain.Product {
	names := []string{
		"Điện thoại", "dien thoai", "ĐIỆN  THOẠI đỏ", "Laptop", "laptop 100%", "a_b", "a\\b", "axb",
		"Áo", "ao", "Ao dài", "straße", "STRASSE", "'; DROP", "Ｆｕｌｌ", "한국어", "ﬁ",
	}
	var all []domain.Product
	for i, name := range names {
		price := money.Amount(1 + i%4*1000).String()
		all = append(all, add(t, s, Draft(t, name, price, int64(i%3)), noon.Add(time.Duration(i%5)*time.Millisecond)))
	}
	return all
}

func runListing(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	all := assortment(t, s)

	t.Run("filter, sort, skip and cursor select what the domain says", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			l := drawList(rt, all)
			limit := rapid.IntRange(1, len(all)+1).Draw(rt, "limit")
			got, err := s.List(t.Context(), l, limit)
			if want := expected(all, l, limit); err != nil || !slices.Equal(got, want) {
				rt.Fatalf("got %v, %v\nwant %v", names(got), err, names(want))
			}
		})
	})

	t.Run("count agrees with the list up to its ceiling", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			f := drawList(rt, all).Filter
			ceiling := rapid.Int64Range(0, int64(len(all))).Draw(rt, "ceiling")
			want := int64(len(expected(all, ports.List{Filter: f}, len(all))))
			exactly := ceiling == 0 || want <= ceiling
			if !exactly {
				want = ceiling
			}
			if n, exact, err := s.Count(t.Context(), f, ceiling); err != nil || n != want || exact != exactly {
				rt.Fatalf("got %d, %v, %v; want %d, %v", n, exact, err, want, exactly)
			}
		})
	})

	t.Run("following the cursor shows every product once", func(t *testing.T) {
		for _, name := range sorts {
			sort := must(domain.NewSort(name))(t)
			var walked []domain.Product
			l := ports.List{Sort: sort}
			for {
				page := must(s.List(t.Context(), l, 3))(t)
				if len(page) == 0 {
					break
				}
				walked = append(walked, page...)
				after := domain.After(page[len(page)-1], sort)
				l.After = &after
			}
			if want := expected(all, ports.List{Sort: sort}, len(all)); !slices.Equal(walked, want) {
				t.Errorf("%s: got %v, want %v", name, names(walked), names(want))
			}
		}
	})
}

func drawList(t *rapid.T, all []domain.Product) ports.List {
	some := func(what string) bool { return rapid.Bool().Draw(t, what) }
	var l ports.List
	sort, err := domain.NewSort(rapid.SampledFrom(sorts).Draw(t, "sort"))
	if err != nil {
		t.Fatal(err)
	}
	l.Sort = sort
	query := rapid.SampledFrom([]string{"", "", "  ", "điện", "DIEN thoai", "%", "_", "\\", "a_", "ss", "o a", "'", "국", "zzz", "fi"})
	if l.Words, err = domain.NewWords(query.Draw(t, "q")); err != nil {
		t.Fatal(err)
	}
	bound := rapid.Map(rapid.SampledFrom([]int64{0, 1, 1000, 1001, 2001, 3001}), func(n int64) money.Amount { return money.Amount(n) })
	if some("has min") {
		l.MinPrice = new(bound.Draw(t, "min"))
	}
	if some("has max") {
		l.MaxPrice = new(bound.Draw(t, "max"))
	}
	if some("has in_stock") {
		l.InStock = new(some("in_stock"))
	}
	if some("has after") {
		l.After = new(domain.After(rapid.SampledFrom(all).Draw(t, "after"), sort))
	}
	l.Skip = rapid.IntRange(0, 4).Draw(t, "skip")
	return l
}

// expected is the contract of List, word by word.
func expected(all []domain.Product, l ports.List, limit int) []domain.Product {
	var found []domain.Product
	for _, p := range all {
		if l.Filter.Matches(p) && (l.After == nil || domain.After(p, l.Sort).Compare(*l.After) > 0) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b domain.Product) int {
		return domain.After(a, l.Sort).Compare(domain.After(b, l.Sort))
	})
	found = found[min(l.Skip, len(found)):]
	return found[:min(limit, len(found))]
}

func names(products []domain.Product) []string {
	var all []string
	for _, p := range products {
		all = append(all, p.Name.String())
	}
	return all
}
