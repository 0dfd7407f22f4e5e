package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/web"
)

func TestAnswer(t *testing.T) {
	conflict := errs.New(errs.Conflict, "taken").After(1500 * time.Millisecond)
	serve := func(err error) *httptest.ResponseRecorder {
		e := endpoint.Action(func(context.Context, endpoint.None) error { return err })
		h := web.NewHandler(web.Config{Service: "Test", Tel: telemetry.Nop()}, []web.Route{
			web.Handle("GET /x", http.StatusOK, e, func(*http.Request) (endpoint.None, error) { return endpoint.None{}, nil }, web.Empty),
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
		return w
	}
	then := strings.Repeat("0", 31) + "7"
	w := serve(&web.Answer{Err: conflict, Header: http.Header{"x-more": {"yes"}}, TraceID: then})
	if w.Code != http.StatusConflict || w.Header().Get("X-More") != "yes" || w.Header().Get("Retry-After") != "2" {
		t.Errorf("status %d, headers %v; want the error's, with more", w.Code, w.Header())
	}
	if !strings.Contains(w.Body.String(), `"trace_id":"`+then+`"`) || w.Header().Get("X-Trace-Id") == then {
		t.Errorf("body %s under trace %s; want the earlier trace id in the body alone", w.Body, w.Header().Get("X-Trace-Id"))
	}
	w = serve(conflict)
	if want := `"trace_id":"` + w.Header().Get("X-Trace-Id") + `"`; !strings.Contains(w.Body.String(), want) {
		t.Errorf("body %s, want %s", w.Body, want)
	}
}
