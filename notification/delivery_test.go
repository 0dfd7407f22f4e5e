package notification_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"
	"shop/notification/adapters/sql"
	"shop/notification/domain"
)

const (
	traceID    = "0af7651916cd43dd8448eb211c80319c"
	reachable  = `,"email":"an@example.com","phone":"+84901234567","push_token":"device-of-an","locale":"en"`
	pushSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // The example of the library's documentation.
)

// receivers are the far ends of all channels.
type receivers struct {
	mail *testkit.MailServer
	sms  *testkit.Sink
	push *testkit.Sink
}

// newReceivers starts them and returns the settings that lead there.
func newReceivers(t *testing.T) (receivers, map[string]string) {
	t.Helper()
	r := receivers{testkit.SMTP(t), testkit.HTTPSink(t), testkit.HTTPSink(t)}
	return r, map[string]string{
		"SMTP_HOST": r.mail.Host, "SMTP_PORT": strconv.Itoa(r.mail.Port), "SMTP_TLS": "none", "SMTP_FROM": "Shop <no-reply@shop.example>",
		"SMS_URL": r.sms.URL + "/messages", "SMS_TOKEN": "sms-t0ken", "SMS_SENDER": "SHOP",
		"PUSH_URL": r.push.URL + "/hook", "PUSH_TOKEN": "push-t0ken", "PUSH_SECRET": pushSecret,
	}
}

func TestABuyerIsToldByEveryChannel(t *testing.T) {
	receivers, settings := newReceivers(t)
	s := newShop(t, settings)
	s.users.reach(1, reachable)
	n := created("0198a6f0-0000-7000-8000-000000000001", 7, 1)
	n.trace = "00-" + traceID + "-b7ad6b7169203331-01"
	s.publish(n.event())
	s.eventually("alice", n.id+".push sent", n.id+".sms sent", n.id+".email sent")

	mails := receivers.mail.Mails()
	if len(mails) != 1 {
		t.Fatalf("mails: %d", len(mails))
	}
	if m := mails[0]; m.Header("Subject") != "Order confirmation #7" || m.Header("To") != "<an@example.com>" ||
		m.Header("Message-ID") != "<"+n.id+".email@shop.example>" {
		t.Errorf("mail: %s", m.Data)
	}
	if text, err := mails[0].Part("text/plain"); err != nil || !strings.Contains(text, "Total: 24,000,000\u00a0₫") {
		t.Errorf("text of the mail: %s, %v", text, err)
	}

	requests := receivers.sms.Requests()
	if len(requests) != 1 || requests[0].Header.Get("Idempotency-Key") != n.id+".sms" ||
		!strings.Contains(string(requests[0].Body), `"to":"+84901234567"`) {
		t.Errorf("short messages: %s", requests)
	}
	requests = receivers.push.Requests()
	if len(requests) != 1 || requests[0].Header.Get("Webhook-Id") != n.id+".push" ||
		!strings.Contains(string(requests[0].Body), `"user_id":1,"push_token":"device-of-an"`) {
		t.Fatalf("push messages: %s", requests)
	}
	verifier, err := standardwebhooks.NewWebhook(pushSecret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(requests[0].Body, requests[0].Header); err != nil {
		t.Errorf("signature: %v", err)
	}

	t.Run("in one trace from the order on", func(t *testing.T) {
		for _, name := range []string{"process order_notifications", "GET /internal/users/{id}/contact", "send email", "send sms", "send push"} {
			spans := s.tel.Spans(name)
			if len(spans) != 1 || spans[0].SpanContext().TraceID().String() != traceID {
				t.Errorf("%s: %d spans, want one in the order's trace", name, len(spans))
			}
		}
	})
	t.Run("and nobody else learns how to reach them", func(t *testing.T) {
		for _, secret := range []string{
			"an@example.com", "84901234567", "device-of-an", "sms-t0ken", "push-t0ken", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", token, "Bàn phím",
		} {
			if strings.Contains(s.tel.LogText(), secret) {
				t.Errorf("the log tells %q", secret)
			}
			for _, span := range s.tel.Spans("") {
				for _, a := range span.Attributes() {
					if strings.Contains(a.Value.String(), secret) {
						t.Errorf("span %s tells %q in %s", span.Name(), secret, a.Key)
					}
				}
			}
			if a := s.admin("GET", "/admin/notifications?order_id=7", ""); strings.Contains(a.body, secret) {
				t.Errorf("the operator sees %q", secret)
			}
		}
	})
	t.Run("and it is counted", func(t *testing.T) {
		for _, channel := range []string{"email", "sms", "push"} {
			if got := s.tel.Value("notification_deliveries_total", "channel", channel, "outcome", "sent"); got != 1 {
				t.Errorf("%s: %v", channel, got)
			}
		}
		if n, _ := s.tel.Observations("notification_end_to_end_seconds", "event_type", "order.created"); n != 3 {
			t.Errorf("end to end: %d, want 3", n)
		}
		if got := s.tel.Value("notification_messages_total", "event_type", "order.created", "outcome", "acked"); got != 1 {
			t.Errorf("messages: %v", got)
		}
		if got := s.tel.Value("notification_broker_connected"); got != 1 {
			t.Errorf("connected: %v", got)
		}
		if a := s.admin("GET", "/metrics", ""); !strings.Contains(a.body, `notification_pending{channel="email"}`) {
			t.Errorf("no notification_pending in %.300s", a.body)
		}
	})
}

func TestWithoutContactDataTheLogIsTold(t *testing.T) {
	_, settings := newReceivers(t)
	s := newShop(t, settings)
	s.publish(created("a", 7, 1).event(), created("x", 8, 404).event())
	s.eventually("alice", "a.log sent")
	testkit.Eventually(t, soon, func() bool { return len(s.tel.Logs("notification")) == 2 }, "both are told to the log")
	for _, line := range s.tel.Logs("notification") {
		if line.Text("subject") != "Xác nhận đơn hàng #"+strconv.Itoa(int(line["order_id"].(float64))) || line.Text("locale") != "vi" {
			t.Errorf("line: %v", line)
		}
	}
}

func TestOnceForEachEventAndChannel(t *testing.T) {
	receivers, settings := newReceivers(t)
	s := newShop(t, settings)
	s.users.reach(1, `,"phone":"+84901234567"`)
	e, later, older := created("a1", 7, 1).event(), changed("a3", 7, 1, "shipped", 3).event(), changed("a2", 7, 1, "confirmed", 2).event()
	s.publish(later, e, e, later, older, e, older, later)
	s.eventually("alice", "a1.sms sent", "a3.sms sent")
	testkit.Eventually(t, soon, func() bool {
		return s.tel.Value("notification_messages_total", "outcome", "duplicate") == 5
	}, "the other deliveries are duplicates")
	if got := len(receivers.sms.Requests()); got != 2 {
		t.Errorf("short messages: %d, want 2", got)
	}
}

func TestAFailingChannelEndsFailed(t *testing.T) {
	receivers, settings := newReceivers(t)
	settings["NOTIFY_ATTEMPTS"] = "3"
	s := newShop(t, settings)
	s.users.reach(1, reachable)
	receivers.sms.Script(testkit.Answer{Status: 503})
	receivers.push.Script(testkit.Answer{Status: 410})
	receivers.mail.Use(testkit.MailMode{Code: 550, AtRcpt: true, Text: "no such user an@example.com"})
	s.publish(created("a", 7, 1).event())
	s.eventually("alice", "a.push failed: http 410", "a.sms failed: http 503", "a.email failed: smtp 550 5.0.0")
	if sms, push := len(receivers.sms.Requests()), len(receivers.push.Requests()); sms != 3 || push != 1 {
		t.Errorf("attempts: %d by SMS and %d by push, want 3 and 1", sms, push)
	}
	for _, n := range s.list("alice") {
		if n.SentAt != nil {
			t.Errorf("%s was sent at %s", n, *n.SentAt)
		}
	}
	if strings.Contains(s.tel.LogText(), "an@example.com") {
		t.Error("the log tells the address")
	}
}

func TestAChannelThatRecovers(t *testing.T) {
	receivers, settings := newReceivers(t)
	s := newShop(t, settings)
	s.users.reach(1, `,"phone":"+84901234567"`)
	receivers.sms.Script(testkit.Answer{Status: 500}, testkit.Answer{Drop: true}, testkit.Answer{Status: 429, Header: http.Header{"Retry-After": {"0"}}}, testkit.Answer{})
	s.publish(created("a", 7, 1).event())
	s.eventually("alice", "a.sms sent")
	if n := s.list("alice")[0]; n.Attempts != 4 {
		t.Errorf("attempts: %d, want 4", n.Attempts)
	}
	for _, r := range receivers.sms.Requests() {
		if r.Header.Get("Idempotency-Key") != "a.sms" {
			t.Errorf("identity: %q", r.Header.Get("Idempotency-Key"))
		}
	}
}

func TestUnfinishedNotificationsSurviveARestart(t *testing.T) {
	receivers, settings := newReceivers(t)
	settings["NOTIFY_RETRY_FIRST"], settings["NOTIFY_RETRY_LONGEST"] = "0.3", "0.3"
	s := newShop(t, settings)
	s.users.reach(1, `,"phone":"+84901234567"`)
	receivers.sms.Script(testkit.Answer{Status: 503})
	s.publish(created("a", 7, 1).event())
	s.eventually("alice", "a.sms pending: http 503")
	s.stop()
	receivers.sms.Script()
	s.parts.Tel = testkit.Telemetry(t).Telemetry
	s.start()
	s.eventually("alice", "a.sms sent")
}

// TestADeadProcessIsTakenOver: another replica had claimed the notification and
// died before it could say what became of it.
func TestADeadProcessIsTakenOver(t *testing.T) {
	receivers, settings := newReceivers(t)
	s := newShop(t, settings)
	s.stop()
	db := sqldbtest.OpenURL(t, s.settings["DATABASE_URL"], nil)
	store := sql.New(db, "order_notifications", time.Now)
	now := time.Now()
	n, err := domain.NewNews(domain.News{
		EventID: "a", Type: domain.OrderCreated, Sequence: 1, OccurredAt: now,
		Order: domain.Order{ID: 7, UserID: 1, Product: "x", Quantity: 1, UnitPrice: 1, Total: 1, Status: domain.Pending},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := n.Notifications(domain.Contact{Phone: "+84901234567", Locale: domain.English}, []domain.Channel{domain.SMS}, now)
	if _, err := store.Record(t.Context(), n, rows); err != nil {
		t.Fatal(err)
	}
	if claimed, err := store.Claim(t.Context(), domain.SMS, now, now.Add(300*time.Millisecond), 1); err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	s.parts.Tel = testkit.Telemetry(t).Telemetry
	s.start()
	s.eventually("alice", "a.sms sent")
	if got := s.list("alice")[0]; got.Attempts != 2 {
		t.Errorf("attempts: %d, want 2", got.Attempts)
	}
	if r := receivers.sms.Requests()[0]; r.Header.Get("Idempotency-Key") != "a.sms" {
		t.Errorf("identity: %q", r.Header.Get("Idempotency-Key"))
	}
}

func TestTheUserServiceIsAway(t *testing.T) {
	s := newShop(t, nil)
	s.users.setAway(true)
	s.publish(created("a", 7, 1).event(), created("b", 8, 1).event())
	testkit.Eventually(t, soon, func() bool {
		return s.tel.Value("notification_messages_total", "outcome", "retried") >= 3
	}, "the events are tried again and again")
	if a := s.admin("GET", "/admin/dead-letters", ""); a.body != "[]\n" && a.body != "[]" {
		t.Errorf("dead letters: %s", a.body)
	}
	s.users.setAway(false)
	testkit.Eventually(t, soon, func() bool { return len(s.list("alice")) == 2 }, "both are told afterwards")
}

func TestPoison(t *testing.T) {
	s := newShop(t, nil)
	noOrder, unknown := created("no-order", 0, 1).event(), created("status", 9, 1)
	unknown.status = "lost"
	broken, deep, huge := created("broken", 10, 1).event(), created("deep", 11, 1).event(), created("huge", 12, 1)
	broken.Data = json.RawMessage(`[1,2,3]`)
	deep.Data = json.RawMessage(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000))
	huge.product = strings.Repeat("x", 10<<20)
	badID := created("bad id\r\n", 13, 1).event()
	s.publish(noOrder, unknown.event(), broken, deep, huge.event(), badID)
	s.publish(created("good", 7, 1).event())
	s.eventually("alice", "good.log sent")

	var dead []struct{ ID, Reason string }
	testkit.Eventually(t, soon, func() bool {
		dead = nil
		a := s.admin("GET", "/admin/dead-letters", "")
		return json.Unmarshal([]byte(a.body), &dead) == nil && len(dead) == 6
	}, "six dead letters")
	for _, d := range dead {
		if d.Reason == "" {
			t.Errorf("%q is dead without a reason", d.ID)
		}
	}
	if got := s.tel.Value("notification_messages_total", "outcome", "invalid"); got != 6 {
		t.Errorf("invalid: %v, want 6", got)
	}
	if a := s.admin("POST", "/admin/dead-letters/replay", `{"ids":["no-order"]}`); a.status != http.StatusOK || !strings.Contains(a.body, `"replayed":1`) {
		t.Errorf("replay: %d %s", a.status, a.body)
	}
}

func TestTheOperatorsView(t *testing.T) {
	s := newShop(t, nil)
	n := created("a1", 7, 1)
	n.trace = "00-" + traceID + "-b7ad6b7169203331-01"
	s.publish(n.event(), changed("a2", 7, 1, "confirmed", 2).event(), created("b1", 8, 2).event())
	s.eventually("alice", "a2.log sent", "a1.log sent")
	a := s.admin("GET", "/admin/notifications?order_id=7", "")
	var all []struct {
		told
		UserID     int64  `json:"user_id"`
		OccurredAt string `json:"occurred_at"`
		TraceID    string `json:"trace_id"`
	}
	if err := json.Unmarshal([]byte(a.body), &all); err != nil || len(all) != 2 {
		t.Fatalf("%d %s, %v", a.status, a.body, err)
	}
	if first := all[0]; first.EventID != "a1" || first.TraceID != traceID || first.UserID != 1 || first.OccurredAt == "" || first.Attempts != 1 {
		t.Errorf("first: %+v", first)
	}
	if a := s.admin("GET", "/admin/notifications?order_id=404", ""); a.status != http.StatusOK || strings.TrimSpace(a.body) != "[]" {
		t.Errorf("an order without notifications: %d %s", a.status, a.body)
	}
	for _, query := range []string{"", "?order_id=", "?order_id=x", "?order_id=0", "?order_id=9223372036854775808"} {
		if a := s.admin("GET", "/admin/notifications"+query, ""); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d %s", query, a.status, a.body)
		}
	}
}
