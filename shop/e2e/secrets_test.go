package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"shop/kit/testkit"
	"shop/shop/demo"
	"shop/shop/rest"
)

// TestNoSecretLeaks runs the whole story at the most talkative log level and
// looks for the values that were really used in logs and metrics.
func TestNoSecretLeaks(t *testing.T) { inEveryForm(t, noSecretLeaks) }

func noSecretLeaks(t *testing.T, start starter) {
	mail := testkit.SMTP(t)
	dir := t.TempDir()
	shop := start(t, dir, map[string]string{
		"SMTP_HOST": mail.Host, "SMTP_PORT": strconv.Itoa(mail.Port), "SMTP_FROM": "shop@example.com", "SMTP_TLS": "none",
	})
	const email, phone, pushToken = "leak.check@example.com", "+84987654321", "push-token-of-the-leak-check"
	session := shop.buyer(t, "leakcheck")
	a, err := shop.User.As(session.AccessToken).Do(t.Context(), http.MethodPatch, "/users/me",
		map[string]any{"email": email, "phone": phone, "push_token": pushToken})
	want(t, a, err, http.StatusOK)
	_, err = shop.User.Post(t.Context(), "/login", url.Values{"username": {"leakcheck"}, "password": {"a wrong password of the leak check"}})
	if err != nil {
		t.Fatal(err)
	}
	product := shop.stocked(t, session.AccessToken, 5)
	order := shop.placed(t, session.AccessToken, product.ID, 1)
	testkit.Eventually(t, patience, func() error { return shop.notified(t, session, order, "sent", 1) }, "the mail is sent")
	if len(mail.Mails()) != 1 {
		t.Errorf("%d mails, want 1", len(mail.Mails()))
	}
	if err := demo.Run(t.Context(), &bytes.Buffer{}, shop.Shop); err != nil {
		t.Fatal(err)
	}
	metrics := ""
	for _, door := range []rest.Client{shop.Admin.Product, shop.Admin.Order, shop.Admin.Notification} {
		a, err := door.Get(t.Context(), "/metrics")
		want(t, a, err, http.StatusOK)
		metrics += string(a.Body)
	}
	shop.Stop()

	signature := session.AccessToken[strings.LastIndex(session.AccessToken, ".")+1:]
	secrets := map[string]string{
		"password": password, "wrong password": "a wrong password of the leak check", "access token": signature,
		"refresh token": session.RefreshToken, "e-mail": email, "phone": phone, "push token": pushToken,
		"signing key":    strings.TrimSpace(string(read(t, filepath.Join(dir, "secrets", "secret_key")))),
		"internal token": strings.TrimSpace(string(read(t, filepath.Join(dir, "secrets", "internal_token")))),
	}
	log := shop.Log.String() + logs(t, dir)
	if !strings.Contains(log, `"msg"`) || !strings.Contains(metrics, "http_server_request_duration_seconds") {
		t.Fatal("there is no log or no metrics to search")
	}
	for name, secret := range secrets {
		for where, text := range map[string]string{"log": log, "metrics": metrics} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("the %s is in the %s: …%s…", name, where, text[max(0, at-120):min(len(text), at+len(secret)+40)])
			}
		}
	}
}
