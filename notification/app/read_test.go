package app_test

import (
	"testing"
	"time"

	"shop/notification/adapters/memory"
	"shop/notification/app"
	"shop/notification/domain"
	"shop/notification/ports"
)

func TestWhereTheNextPageBegins(t *testing.T) {
	store := &memory.Store{}
	for _, id := range []string{"a", "b", "c"} {
		n := news(id, 1, domain.Pending)
		if _, err := store.Record(t.Context(), n, n.Notifications(domain.Contact{}, nil, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ skip, limit, got, next int }{
		{0, 1, 1, 1}, {0, 2, 2, 2}, {1, 1, 1, 2}, {2, 1, 1, 0}, {0, 3, 3, 0}, {0, 100, 3, 0}, {3, 1, 0, 0}, {1<<63 - 1, 1, 0, 0},
	} {
		list, err := app.NewReader(store).OfUser(t.Context(), ports.OfUser{UserID: 3, Page: domain.Page{Skip: tt.skip, Limit: tt.limit}})
		if err != nil || len(list.Notifications) != tt.got || list.Next != tt.next || list.Total != 3 {
			t.Errorf("skip %d, limit %d: got %d of %d, next %d, %v; want %d of 3, next %d",
				tt.skip, tt.limit, len(list.Notifications), list.Total, list.Next, err, tt.got, tt.next)
		}
	}
}
