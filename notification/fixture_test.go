package notification_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/memory"
	"shop/kit/openapi/openapitest"
	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/testkit"
	"shop/notification"
)

const (
	soon  = 10 * time.Second
	token = "internal token of a test"
)

// shop is the notification service over real sockets, with a user service that is
// a stub over a real socket too. Every exchange is checked against openapi.yaml.
type shop struct {
	t        *testing.T
	tel      *testkit.Captured
	users    *users
	bus      *memory.Bus
	settings map[string]string
	parts    service.Parts
	instance *service.Instance
	client   *http.Client
	stop     func()
}

// newShop starts a service with these settings over quick ones.
func newShop(t *testing.T, settings map[string]string) *shop {
	t.Helper()
	s := &shop{
		t: t, tel: testkit.Telemetry(t), users: newUsers(),
		client: openapitest.Load(t, notification.OpenAPI).Client(t),
	}
	s.bus = memory.New(notification.Spec().Topology, time.Now)
	server := httptest.NewServer(s.users)
	t.Cleanup(server.Close)
	s.settings = map[string]string{
		"USER_SERVICE_URL": server.URL, "INTERNAL_TOKEN": token, "APP_VERSION": "1.2.3",
		"DATABASE_URL":       "sqlite:///" + t.TempDir() + "/notification.db",
		"NOTIFY_RETRY_FIRST": "0.02", "NOTIFY_RETRY_LONGEST": "0.1",
	}
	for name, value := range settings {
		s.settings[name] = value
	}
	s.parts = service.Parts{Tel: s.tel.Telemetry, Bus: s.bus}
	s.start()
	return s
}

func (s *shop) start() {
	s.t.Helper()
	s.instance, s.stop = servicetest.Start(s.t, notification.Spec(),
		servicetest.Config(s.t, notification.Spec(), s.settings), s.parts)
}

// news is the events of orders, as the order service makes them.
type news struct {
	id, typ  string
	order    int64
	user     int64
	product  string
	status   string
	sequence int64
	trace    string
}

func (n news) event() event.Event {
	product := n.product
	if product == "" {
		product = "Bàn phím"
	}
	data, _ := json.Marshal(map[string]any{
		"order_id": n.order, "user_id": n.user, "product_id": 9, "product_name": product, "quantity": 2,
		"unit_price": json.Number("12000000.00"), "total_price": json.Number("24000000.00"), "status": n.status,
		"created_at": "2026-03-14T15:09:26.535897Z", "sequence": n.sequence, "reservation_id": "r",
	})
	e := event.Event{
		ID: n.id, Type: n.typ, Key: fmt.Sprint(n.order), Sequence: n.sequence,
		OccurredAt: time.Now().UTC().Truncate(time.Microsecond), Data: data,
	}
	if n.trace != "" {
		e.Trace = map[string]string{"traceparent": n.trace}
	}
	return e
}

// created is the creation of an order by a user.
func created(id string, order, user int64) news {
	return news{id: id, typ: "order.created", order: order, user: user, status: "pending", sequence: 1}
}

// changed is a change of an order's status.
func changed(id string, order, user int64, status string, sequence int64) news {
	return news{id: id, typ: "order.status_changed", order: order, user: user, status: status, sequence: sequence}
}

// publish publishes events in this order.
func (s *shop) publish(all ...event.Event) {
	s.t.Helper()
	for i, err := range s.bus.Publish(s.t.Context(), all) {
		if err != nil {
			s.t.Fatalf("publish %s: %v", all[i].ID, err)
		}
	}
}

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks as the user ("" = nobody), with further headers as name, value, …
func (s *shop) get(user, path string, headers ...string) answer {
	s.t.Helper()
	return s.call(http.MethodGet, s.instance.URL()+path, user, "", headers...)
}

func (s *shop) call(method, url, user, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if user != "" {
		r.Header.Set("Authorization", "Bearer "+user)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(read)}
}

// admin asks at the admin port, which no document describes.
func (s *shop) admin(method, path, body string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.instance.AdminURL()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(read)}
}

// told is a notification as the API shows it.
type told struct {
	ID        int64   `json:"id"`
	EventID   string  `json:"event_id"`
	Event     string  `json:"event"`
	OrderID   int64   `json:"order_id"`
	Channel   string  `json:"channel"`
	State     string  `json:"state"`
	Attempts  int     `json:"attempts"`
	Reason    *string `json:"reason"`
	CreatedAt string  `json:"created_at"`
	SentAt    *string `json:"sent_at"`
}

// String is what matters of it in a comparison.
func (n told) String() string {
	text := fmt.Sprintf("%s.%s %s", n.EventID, n.Channel, n.State)
	if n.Reason != nil {
		text += ": " + *n.Reason
	}
	return text
}

func (s *shop) list(user string) []told {
	s.t.Helper()
	a := s.get(user, "/notifications")
	if a.status != http.StatusOK {
		s.t.Fatalf("GET /notifications: %d %s", a.status, a.body)
	}
	var all []told
	if err := json.Unmarshal([]byte(a.body), &all); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// eventually waits until user's notifications are these, newest first.
func (s *shop) eventually(user string, want ...string) {
	s.t.Helper()
	testkit.Eventually(s.t, soon, func() error {
		got := []string{}
		for _, n := range s.list(user) {
			got = append(got, n.String())
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			return fmt.Errorf("got %q, want %q", got, want)
		}
		return nil
	}, "notifications of", user)
}

// users is the user service: alice is user 1, bob is 2.
type users struct {
	mu       sync.Mutex
	contacts map[string]string // By user id, the fields of the answer.
	away     bool
}

func newUsers() *users { return &users{contacts: map[string]string{"1": "", "2": ""}} }

// reach sets what a user can be reached by, as JSON fields.
func (u *users) reach(id int, fields string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.contacts[fmt.Sprint(id)] = fields
}

func (u *users) setAway(away bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.away = away
}

func (u *users) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	id, isContact := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/contact"), "/internal/users/")
	switch {
	case u.away:
		w.WriteHeader(http.StatusServiceUnavailable)
	case isContact && r.Header.Get("X-Internal-Token") == token:
		fields, known := u.contacts[id]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"detail":"…","code":"user_not_found","trace_id":""}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"user_id":%s,"username":"x","is_active":true%s}`, id, fields)
	case r.URL.Path == "/validate-token":
		var question struct{ Token string }
		_ = json.NewDecoder(r.Body).Decode(&question)
		answers := map[string]string{
			"alice": `{"valid":true,"username":"alice","user_id":1,"message":"Token is valid"}`,
			"bob":   `{"valid":true,"username":"bob","user_id":2,"message":"Token is valid"}`,
		}
		if known, ok := answers[question.Token]; ok {
			_, _ = io.WriteString(w, known)
			return
		}
		_, _ = io.WriteString(w, `{"valid":false,"username":null,"user_id":null,"message":"Token is invalid or expired"}`)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}
