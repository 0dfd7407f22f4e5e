package storetest

import (
	"slices"
	"testing"

	"shop/notification/domain"
	"shop/notification/ports"
)

func listsOwn(t *testing.T, s Store) {
	for i, id := range []string{"a", "b", "c"} {
		record(t, s, event(id, int64(i+1), 1, domain.Pending), start)
	}
	stranger := event("x", 9, 1, domain.Pending)
	stranger.Order.UserID = 4
	record(t, s, stranger, start)

	newest := []string{"c.push", "c.email", "b.push", "b.email", "a.push", "a.email"}
	tests := map[string]struct {
		user  int64
		page  domain.Page
		want  []string
		total int64
	}{
		"everything":         {3, domain.Page{Limit: 100}, newest, 6},
		"the first two":      {3, domain.Page{Limit: 2}, newest[:2], 6},
		"two in the middle":  {3, domain.Page{Skip: 3, Limit: 2}, newest[3:5], 6},
		"the rest":           {3, domain.Page{Skip: 5, Limit: 100}, newest[5:], 6},
		"behind the end":     {3, domain.Page{Skip: 6, Limit: 100}, []string{}, 6},
		"far behind the end": {3, domain.Page{Skip: 1<<63 - 1, Limit: 100}, []string{}, 6},
		"another user":       {4, domain.Page{Limit: 100}, []string{"x.push", "x.email"}, 2},
		"a user without any": {5, domain.Page{Limit: 100}, []string{}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := s.OfUser(t.Context(), ports.OfUser{UserID: tt.user, Page: tt.page})
			if err != nil {
				t.Fatal(err)
			}
			if ids := identities(got.Notifications); !slices.Equal(ids, tt.want) || got.Total != tt.total {
				t.Errorf("got %v of %d, want %v of %d", ids, got.Total, tt.want, tt.total)
			}
		})
	}
	if rows := about(t, s, 404); len(rows) != 0 {
		t.Errorf("about an unknown order: got %v, want none", identities(rows))
	}
}
