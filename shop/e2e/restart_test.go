package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"shop/kit/testkit"
	"shop/shop/rest"
)

func TestEverythingIsThereAfterARestart(t *testing.T) { inEveryForm(t, everythingIsThereAfterARestart) }

func everythingIsThereAfterARestart(t *testing.T, start starter) {
	dir := t.TempDir()
	// Nobody answers at this gateway: the SMS stays unfinished.
	silent := map[string]string{"SMS_URL": "http://127.0.0.1:1/sms", "SMS_TOKEN": "gateway token of a test", "SMS_SENDER": "Shop"}
	first := start(t, dir, silent)
	buyer := first.buyer(t, "alice")
	a, err := first.User.As(buyer.AccessToken).Do(t.Context(), http.MethodPatch, "/users/me", map[string]any{"phone": "+84901234567"})
	want(t, a, err, http.StatusOK)
	product := first.stocked(t, buyer.AccessToken, 10)
	order := first.placed(t, buyer.AccessToken, product.ID, 3)
	testkit.Eventually(t, patience, func() error {
		return first.notified(t, buyer, order, "pending", 1)
	}, "the notification is recorded and tried")
	first.Stop()

	gateway := testkit.HTTPSink(t)
	second := start(t, dir, map[string]string{"SMS_URL": gateway.URL + "/sms", "SMS_TOKEN": "gateway token of a test", "SMS_SENDER": "Shop"})
	var p rest.Product
	a, err = second.Product.Get(t.Context(), fmt.Sprintf("/products/%d", product.ID))
	want(t, a, err, http.StatusOK)
	if into(t, a, &p); p.Quantity != 7 {
		t.Errorf("%d in stock after the restart, want 7", p.Quantity)
	}
	a, err = second.Order.As(buyer.AccessToken).Get(t.Context(), fmt.Sprintf("/orders/%d", order.ID))
	want(t, a, err, http.StatusOK) // And the token of before is good: the secrets are the same.
	testkit.Eventually(t, patience, func() error {
		return second.notified(t, buyer, order, "sent", 0)
	}, "the unfinished notification is sent after the restart")
	if n := len(gateway.Requests()); n != 1 {
		t.Errorf("the gateway got %d messages, want 1", n)
	}
}

// notified is nil when there is exactly one notification of the order's creation,
// in this state and with at least this many attempts.
func (r *running) notified(t *testing.T, buyer rest.Session, order rest.Order, state string, attempts int) error {
	var list []rest.Notification
	a, err := r.Notification.As(buyer.AccessToken).Get(t.Context(), "/notifications")
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return fmt.Errorf("answered %d: %s", a.Status, a.Body)
	}
	if err := a.Into(&list); err != nil {
		return err
	}
	n := 0
	for _, one := range list {
		if one.OrderID == order.ID && one.Event == "order.created" {
			n++
			if one.State != state || one.Attempts < attempts {
				return fmt.Errorf("is %s after %d attempts", one.State, one.Attempts)
			}
		}
	}
	if n != 1 {
		return fmt.Errorf("%d notifications, want 1", n)
	}
	return nil
}
