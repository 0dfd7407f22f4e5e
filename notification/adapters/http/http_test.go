package http

import (
	"net/http"
	"net/url"
	"testing"

	"shop/kit/errs"
	"shop/notification/domain"
)

func TestTextsInBothLanguages(t *testing.T) {
	for code, text := range Texts() {
		if text.VI == "" || text.EN == "" {
			t.Errorf("%s: %+v", code, text)
		}
	}
}

func TestTraceID(t *testing.T) {
	const id = "0af7651916cd43dd8448eb211c80319c"
	for trace, want := range map[string]string{
		"00-" + id + "-b7ad6b7169203331-01": id, "": "", "00": "", "00-": "", "00--01": "", "00-short-b7ad6b7169203331-01": "",
	} {
		if got := traceID(domain.Notification{Trace: trace}); got != want {
			t.Errorf("%q: got %q, want %q", trace, got, want)
		}
	}
}

// FuzzQuery: whatever the query says, a page is within its bounds or the request
// is refused.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "skip=0&limit=100", "skip=-1&limit=0", "skip=9223372036854775808", "limit=1e2", "skip=1&skip=2", "%zz", "skip=\x00", "order_id=7",
		"order_id=0", "order_id=+7", "order_id=７",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/notifications", RawQuery: query}}
		switch p, err := decodeList(r); {
		case err != nil && errs.KindOf(err) != errs.Invalid:
			t.Errorf("%q: %v", query, err)
		case err == nil && (p.Skip < 0 || p.Limit < 1 || p.Limit > 100):
			t.Errorf("%q: page %+v", query, p)
		}
		switch id, err := decodeOrder(r); {
		case err != nil && errs.KindOf(err) != errs.Invalid:
			t.Errorf("%q: %v", query, err)
		case err == nil && id < 1:
			t.Errorf("%q: order %d", query, id)
		}
	})
}
