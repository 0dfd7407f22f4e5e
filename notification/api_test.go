package notification_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"shop/kit/openapi/openapitest"
	"shop/kit/web"
	"shop/notification"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheDocumentCoversTheAPI(t *testing.T) {
	s := newShop(t, nil)
	openapitest.Covers(t, notification.OpenAPI, web.RoutesOf(s.instance.Service.Handler))
}

func TestList(t *testing.T) {
	s := newShop(t, nil)
	if a := s.get("alice", "/notifications"); a.status != http.StatusOK || a.body != "[]" || a.header.Get("X-Total-Count") != "0" {
		t.Fatalf("at first: %d %s %v", a.status, a.body, a.header)
	}
	s.publish(created("a1", 7, 1).event(), changed("a2", 7, 1, "confirmed", 2).event(), created("b1", 8, 2).event())
	s.eventually("alice", "a2.log sent", "a1.log sent")
	s.eventually("bob", "b1.log sent")

	a := s.get("alice", "/notifications?skip=1&limit=1")
	var page []map[string]any
	if err := json.Unmarshal([]byte(a.body), &page); err != nil || len(page) != 1 {
		t.Fatalf("page: %s, %v", a.body, err)
	}
	n := page[0]
	if len(n) != 10 || n["event_id"] != "a1" || n["event"] != "order.created" || n["order_id"] != 7.0 || n["channel"] != "log" ||
		n["state"] != "sent" || n["attempts"] != 1.0 || n["reason"] != nil || n["sent_at"] == nil {
		t.Errorf("notification: %s", a.body)
	}
	if a.header.Get("X-Total-Count") != "2" || a.header.Get("Link") != "" {
		t.Errorf("the last page: %v", a.header)
	}
	if strings.Contains(a.body, `": `) {
		t.Errorf("not compact: %s", a.body)
	}
	a = s.get("alice", "/notifications?limit=1")
	if got := a.header.Get("Link"); got != `</notifications?limit=1&skip=1>; rel="next"` {
		t.Errorf("link on the first page: %q", got)
	}
	if a := s.call(http.MethodHead, s.instance.URL()+"/notifications", "alice", ""); a.status != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
}

func TestRefusals(t *testing.T) {
	s := newShop(t, nil)
	tests := map[string]struct {
		user, path string
		language   string
		status     int
		want       string // In the body.
	}{
		"nobody":                {"", "/notifications", "", 401, `"detail":"Token không hợp lệ hoặc đã hết hạn","code":"unauthenticated"`},
		"nobody, in English":    {"", "/notifications", "en", 401, `"detail":"The token is not valid or has expired"`},
		"a stranger":            {"mallory", "/notifications", "", 401, `"code":"unauthenticated"`},
		"nobody, wrong page":    {"", "/notifications?skip=-1", "", 401, `"code":"unauthenticated"`},
		"a wrong page":          {"alice", "/notifications?skip=-1&limit=101", "", 422, `{"loc":["query","skip"]`},
		"also the other fault":  {"alice", "/notifications?skip=-1&limit=101", "", 422, `{"loc":["query","limit"]`},
		"no numbers":            {"alice", "/notifications?skip=x&limit=1.5", "", 422, `"type":"int_parsing"`},
		"numbers out of range":  {"alice", "/notifications?skip=9223372036854775808", "", 422, `["query","skip"]`},
		"an absurd skip":        {"alice", "/notifications?skip=9223372036854775807", "", 200, `[]`},
		"a route that is none":  {"alice", "/notifications/7", "", 404, `"trace_id"`},
		"unknown parameters":    {"alice", "/notifications?state=sent", "", 200, `[]`},
		"the operator's routes": {"alice", "/admin/notifications?order_id=7", "", 404, `"trace_id"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := s.get(tt.user, tt.path, "Accept-Language", tt.language)
			if a.status != tt.status || !strings.Contains(a.body, tt.want) {
				t.Errorf("got %d %s, want %d with %s", a.status, a.body, tt.status, tt.want)
			}
			if got := a.header.Get("WWW-Authenticate"); (tt.status == 401) != (got == "Bearer") {
				t.Errorf("WWW-Authenticate: %q", got)
			}
		})
	}
	t.Run("another method", func(t *testing.T) {
		a := s.call(http.MethodPost, s.instance.URL()+"/notifications", "alice", `{}`, "Content-Type", "application/json")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("got %d, allow %q", a.status, a.header.Get("Allow"))
		}
	})
	t.Run("the user service is away", func(t *testing.T) {
		s.users.setAway(true)
		a := s.get("alice", "/notifications")
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" ||
			!strings.Contains(a.body, `"detail":"Không thể xác thực với User Service","code":"auth_unavailable"`) {
			t.Errorf("got %d %s", a.status, a.body)
		}
	})
}

func TestPlatform(t *testing.T) {
	s := newShop(t, nil)
	if a := s.get("", "/"); !strings.Contains(a.body, `"message":"Welcome to Notification Service API","service":"Notification Service","version":"1.2.3"`) {
		t.Errorf("welcome: %s", a.body)
	}
	a := s.get("", "/health")
	var health struct {
		Status   string
		Service  string
		RabbitMQ struct{ Status, Exchange, Queue string }
		Database struct{ Status string }
	}
	if err := json.Unmarshal([]byte(a.body), &health); err != nil || a.status != http.StatusOK {
		t.Fatalf("health: %d %s %v", a.status, a.body, err)
	}
	if health.Status != "healthy" || health.Service != "Notification Service" || health.Database.Status != "healthy" ||
		health.RabbitMQ != struct{ Status, Exchange, Queue string }{"healthy", "order_events", "order_notifications"} {
		t.Errorf("health: %s", a.body)
	}
	s.bus.Down()
	if a := s.get("", "/health"); a.status != http.StatusOK || !strings.Contains(a.body, `"status":"degraded"`) {
		t.Errorf("health without a broker: %d %s", a.status, a.body)
	}
	if a := s.get("", "/readyz"); a.status != http.StatusOK {
		t.Errorf("ready without a broker: %d %s", a.status, a.body)
	}
	s.bus.Up()
	for _, path := range []string{"/livez", "/docs", "/redoc", "/openapi.json"} {
		if a := s.get("", path); a.status != http.StatusOK {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}
