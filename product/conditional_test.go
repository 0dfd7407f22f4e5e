package product_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

func TestIfNoneMatch(t *testing.T) {
	w := start(t, nil)
	path := w.path(w.create("Laptop", "1", 1).ID)
	etag := w.get(path).etag()
	for header, status := range map[string]int{
		etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304, `"x"`: 200, `"1-99"`: 200,
	} {
		a := w.get(path, "If-None-Match", header).wants(status)
		if a.etag() != etag || (status == 304) != (a.body == "") {
			t.Errorf("%s: %q %s", header, a.body, a.etag())
		}
	}
	w.as(http.MethodPut, path, `{"quantity":2}`).wants(http.StatusOK)
	w.get(path, "If-None-Match", etag).wants(http.StatusOK, `"quantity":2`)
}

func TestIfMatch(t *testing.T) {
	w := start(t, nil)
	path := w.path(w.create("Laptop", "1", 1).ID)
	first := w.get(path).etag()
	second := w.as(http.MethodPut, path, `{"quantity":2}`, "If-Match", first).wants(http.StatusOK).etag()
	for _, stale := range []string{first, `"x"`, "W/" + second, `"2-2"`, second[:len(second)-1]} {
		for _, method := range []string{http.MethodPut, http.MethodDelete} {
			w.as(method, path, `{"quantity":3}`, "If-Match", stale).wants(http.StatusPreconditionFailed,
				`"detail":"Sản phẩm đã thay đổi, vui lòng tải lại"`, `"code":"product_changed"`)
		}
	}
	w.as(http.MethodPut, path, `{"quantity":4}`, "If-Match", first+", "+second).wants(http.StatusOK)
	third := w.as(http.MethodPut, path, `{"quantity":5}`, "If-Match", "*").wants(http.StatusOK).etag()

	// Stock that was reserved meanwhile is a change too.
	w.reserve(newReservation(), 1, 1).wants(http.StatusCreated)
	w.as(http.MethodPut, path, `{"quantity":9}`, "If-Match", third).wants(http.StatusPreconditionFailed)
	w.as(http.MethodDelete, path, "", "If-Match", w.get(path).etag()).wants(http.StatusNoContent)
}

// Of many who change the version that they have all read, one does.
func TestOneOfManyWins(t *testing.T) {
	w := start(t, nil)
	path := w.path(w.create("Laptop", "1", 1).ID)
	for range 5 {
		etag := w.get(path).etag()
		var won atomic.Int64
		var running sync.WaitGroup
		for _, name := range []string{`"a"`, `"b"`, `"c"`, `"d"`, `"e"`, `"f"`} {
			running.Go(func() {
				body := `{"name":` + name + `,"description":"` + etag[1:len(etag)-1] + `"}`
				switch a := w.as(http.MethodPut, path, body, "If-Match", etag); a.status {
				case http.StatusOK:
					won.Add(1)
				case http.StatusPreconditionFailed:
				default:
					t.Errorf("got %d %s", a.status, a.body)
				}
			})
		}
		running.Wait()
		if n := won.Load(); n != 1 {
			t.Errorf("%d won", n)
		}
	}
}

// A change of the name alone never brings back stock that was reserved meanwhile.
func TestRenamingKeepsReservations(t *testing.T) {
	w := start(t, nil)
	p := w.create("Laptop", "1", 100)
	var running sync.WaitGroup
	for i := range 40 {
		running.Go(func() {
			if i%2 == 0 {
				w.reserve(newReservation(), p.ID, 1).wants(http.StatusCreated)
				return
			}
			w.as(http.MethodPut, w.path(p.ID), fmt.Sprintf(`{"name":"Laptop %d"}`, i)).wants(http.StatusOK)
		})
	}
	running.Wait()
	if got := w.left(p.ID); got != 80 {
		t.Errorf("%d left, want 80", got)
	}
}
