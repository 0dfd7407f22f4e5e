package service_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"shop/kit/service"
)

// outboxSwitch is an outbox of which only the switch is of interest.
type outboxSwitch struct{ held bool }

func (o *outboxSwitch) Hold(context.Context)    { o.held = true }
func (o *outboxSwitch) Release(context.Context) { o.held = false }
func (o *outboxSwitch) Held() bool              { return o.held }

func TestRelayRoutes(t *testing.T) {
	mux := http.NewServeMux()
	for _, r := range service.RelayRoutes(&outboxSwitch{}) {
		mux.Handle(r.Pattern, r.Handler)
	}
	for _, step := range []struct {
		name, method, body string
		status             int
		want               string
	}{
		{"at first", "GET", "", 200, `{"held":false}`},
		{"hold", "PUT", `{"held":true}`, 200, `{"held":true}`},
		{"hold again", "PUT", `{"held":true}`, 200, `{"held":true}`},
		{"nothing said", "PUT", `{}`, 422, `{"detail":"want {\"held\": true} or {\"held\": false}"}`},
		{"no JSON", "PUT", `held`, 422, `{"detail":"want {\"held\": true} or {\"held\": false}"}`},
		{"still held", "GET", "", 200, `{"held":true}`},
		{"release", "PUT", `{"held":false}`, 200, `{"held":false}`},
	} {
		t.Run(step.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), step.method, "/admin/outbox/relay", strings.NewReader(step.body)))
			if got := w.Body.String(); w.Code != step.status || got != step.want {
				t.Errorf("got %d %s, want %d %s", w.Code, got, step.status, step.want)
			}
		})
	}
}
