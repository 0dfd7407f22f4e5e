package order_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/testkit"

	"shop/product/adapters/memory"
	"shop/product/adapters/order"
	"shop/product/adapters/orderstest"
	"shop/product/domain"
)

const token = "internal-token-of-the-test"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOrders(t *testing.T) {
	orderstest.Run(t, func(t *testing.T) orderstest.Subject {
		fake, server := memory.NewOrders(), serve(t)
		server.decide = func(id domain.ReservationID) (domain.Decision, error) { return fake.Settle(t.Context(), id) }
		return orderstest.Subject{Orders: open(t, server.URL), Place: fake.Place, SetAway: fake.SetAway}
	})
}

// What comes back is an answer or an error, never a guess.
func TestWhatIsNoAnswer(t *testing.T) {
	for name, answer := range map[string]testkit.Answer{
		"another decision":  {Body: `{"decision":"perhaps"}`},
		"no decision":       {Body: `{}`},
		"no JSON":           {Body: `<html>`},
		"nothing":           {},
		"a wrong route":     {Status: 404, Body: `{"detail":"?","code":"route_not_found","trace_id":""}`},
		"refused as caller": {Status: 403, Body: `{"detail":"?","code":"not_a_caller","trace_id":""}`},
		"a proxy":           {Status: 502, Body: `bad gateway`},
		"overloaded":        {Status: 503, Body: `{"detail":"?","code":"overloaded","trace_id":""}`},
		"a broken line":     {Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			sink := testkit.HTTPSink(t)
			sink.Script(answer)
			if d, err := open(t, sink.URL).Settle(t.Context(), domain.ReservationID{1}); err == nil || d != "" {
				t.Errorf("got %q, %v", d, err)
			}
		})
	}
}

func TestWhatIsSent(t *testing.T) {
	sink := testkit.HTTPSink(t)
	sink.Script(testkit.Answer{Body: `{"decision":"keep"}`})
	id, err := domain.NewReservationID("0197f3a2-7c1e-7b32-9a51-3f0c5d2e8b11")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, sink.URL).Settle(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r := sink.Requests()[0]
	if r.Method != http.MethodPost || r.Path != "/internal/reservations/0197f3a2-7c1e-7b32-9a51-3f0c5d2e8b11/settle" ||
		r.Header.Get("X-Internal-Token") != token || len(r.Body) > 0 {
		t.Errorf("sent %+v", r)
	}
}

func TestDeadline(t *testing.T) {
	sink := testkit.HTTPSink(t)
	sink.Script(testkit.Answer{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	o := open(t, sink.URL)
	done := make(chan error)
	go func() {
		_, err := o.Settle(ctx, domain.ReservationID{1})
		done <- err
	}()
	cancel()
	if err := <-done; errs.KindOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestAddress(t *testing.T) {
	if _, err := order.New("ftp://order", telemetry.Nop(), token); err == nil || !strings.Contains(err.Error(), "order service") {
		t.Errorf("got %v", err)
	}
}

func open(t *testing.T, url string) *order.Orders {
	t.Helper()
	o, err := order.New(url, telemetry.Nop(), token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}
