package templates_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"shop/kit/money"
	"shop/kit/testkit"
	"shop/notification/adapters/templates"
	"shop/notification/domain"
)

func notification(t domain.Type, s domain.Status, l domain.Locale, product string) domain.Notification {
	return domain.Notification{
		EventID: "ev", Event: t, Channel: domain.Email, Recipient: "an@example.com", Locale: l,
		Order: domain.Order{
			ID: 7, UserID: 3, Product: product, Quantity: 2, UnitPrice: 1200000050, Total: 2400000100, Status: s,
		},
	}
}

func composer(t testing.TB) *templates.Composer {
	t.Helper()
	c, err := templates.New("₫")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryTextInEveryLanguage(t *testing.T) {
	texts := []struct {
		event  domain.Type
		status domain.Status
	}{
		{domain.OrderCreated, domain.Pending},
		{domain.OrderStatusChanged, domain.Confirmed},
		{domain.OrderStatusChanged, domain.Shipped},
		{domain.OrderStatusChanged, domain.Delivered},
		{domain.OrderStatusChanged, domain.Cancelled},
	}
	c := composer(t)
	for _, locale := range []domain.Locale{domain.Vietnamese, domain.English} {
		for _, text := range texts {
			n := notification(text.event, text.status, locale, `Bàn phím <Cơ> & "chuột"`)
			m, err := c.Compose(n)
			if err != nil {
				t.Errorf("%s in %s: %v", n.Template(), locale, err)
				continue
			}
			got := fmt.Sprintf("%s\n\n%s\n\n%s\n%s", m.Subject, m.Short, m.Text, m.HTML)
			testkit.Golden(t, fmt.Sprintf("testdata/%s_%s.golden", n.Template(), locale), []byte(got))
		}
	}
}

func TestTheSubjectOfAConfirmation(t *testing.T) {
	m, err := composer(t).Compose(notification(domain.OrderCreated, domain.Pending, domain.Vietnamese, "x"))
	if err != nil || m.Subject != "Xác nhận đơn hàng #7" {
		t.Errorf("got %q, %v", m.Subject, err)
	}
	if m.ID != "ev.email" || m.Recipient != "an@example.com" || m.OrderID != 7 || m.UserID != 3 {
		t.Errorf("message: %+v", m)
	}
}

func TestNoTextIsAnError(t *testing.T) {
	if _, err := composer(t).Compose(notification(domain.OrderStatusChanged, "lost", domain.English, "x")); err == nil {
		t.Error("no error for an unknown status")
	}
	if _, err := composer(t).Compose(notification(domain.OrderCreated, domain.Pending, "fr", "x")); err == nil {
		t.Error("no error for an unknown language")
	}
}

func TestMoneyForPeople(t *testing.T) {
	tests := []struct {
		amount money.Amount
		vi, en string
	}{
		{2400000000, "24.000.000\u00a0₫", "24,000,000\u00a0₫"},
		{1999, "19,99\u00a0₫", "19.99\u00a0₫"},
		{0, "0\u00a0₫", "0\u00a0₫"},
		{5, "0,05\u00a0₫", "0.05\u00a0₫"},
		{99900, "999\u00a0₫", "999\u00a0₫"},
		{100050, "1.000,50\u00a0₫", "1,000.50\u00a0₫"},
	}
	c := composer(t)
	for _, tt := range tests {
		for locale, want := range map[domain.Locale]string{domain.Vietnamese: tt.vi, domain.English: tt.en} {
			n := notification(domain.OrderCreated, domain.Pending, locale, "x")
			n.Order.Total = tt.amount
			m, err := c.Compose(n)
			if err != nil || !strings.Contains(m.Short, " "+want) {
				t.Errorf("%d in %s: got %q, %v, want %q in it", tt.amount, locale, m.Short, err, want)
			}
		}
	}
}

func TestProductNamesStayWhatTheyAre(t *testing.T) {
	tests := map[string]struct{ product, line string }{
		"line breaks":         {"a\r\nBcc: b@example.com\u2028c", "a Bcc: b@example.com c"},
		"writing direction":   {"abc\u202edcba", "abc dcba"},
		"a family of emoji":   {"👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		"text of a template":  {`{{.Total}} {{template "text" .}}`, `{{.Total}} {{template "text" .}}`},
		"spaces at both ends": {"  a  b ", "a b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := composer(t).Compose(notification(domain.OrderCreated, domain.Pending, domain.English, tt.product))
			if err != nil {
				t.Fatal(err)
			}
			if want := "\nProduct: " + tt.line + "\n"; !strings.Contains(m.Text, want) {
				t.Errorf("text: got %q, want %q in it", m.Text, want)
			}
			if !strings.Contains(m.Short, ": "+tt.line+" × 2") {
				t.Errorf("short: got %q", m.Short)
			}
		})
	}
	m, _ := composer(t).Compose(notification(domain.OrderCreated, domain.Pending, domain.English, strings.Repeat("ộ", 255)))
	if want := strings.Repeat("ộ", 39) + "… ×"; !strings.Contains(m.Short, want) {
		t.Errorf("a long name: got %q, want %q in it", m.Short, want)
	}
}

// FuzzCompose: whatever a product is called, subjects and short texts are one
// line, and no name becomes markup.
func FuzzCompose(f *testing.F) {
	for _, seed := range []string{
		"Bàn phím", "<script>alert(1)</script>", "a\r\nX: y", "{{.Total}}", "\u202e\x00\xff", `" onload="x`, "</td><img src=x>",
	} {
		f.Add(seed, true)
	}
	c := composer(f)
	shape := func(m domain.Message) [2]int {
		return [2]int{strings.Count(m.Text, "\n"), strings.Count(m.HTML, "<")}
	}
	f.Fuzz(func(t *testing.T, product string, english bool) {
		locale := domain.Vietnamese
		if english {
			locale = domain.English
		}
		m, err := c.Compose(notification(domain.OrderCreated, domain.Pending, locale, product))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{m.Subject, m.Short} {
			if strings.ContainsFunc(line, unicode.IsControl) || !utf8.ValidString(line) {
				t.Errorf("not one line of text: %q", line)
			}
		}
		harmless, err := c.Compose(notification(domain.OrderCreated, domain.Pending, locale, "x"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := shape(m), shape(harmless); got != want {
			t.Errorf("%q changes lines and tags: got %v, want %v", product, got, want)
		}
	})
}
