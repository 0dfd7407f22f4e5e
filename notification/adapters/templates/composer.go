// Package templates puts notifications into words, in Vietnamese and English, by
// the texts that are embedded beside it.
package templates

import (
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"io"
	"strings"
	text "text/template"

	"shop/notification/domain"
	"shop/notification/ports"
)

//go:embed texts
var texts embed.FS

// names lists the texts: whatever domain's Template returns.
func names() []string {
	return []string{"order_created", "order_confirmed", "order_shipped", "order_delivered", "order_cancelled"}
}

// key selects a text.
type key struct {
	locale domain.Locale
	name   string
}

// words is one text: "subject", "intro", "short" and "text" as plain text, "html".
type words struct {
	plain *text.Template
	html  *html.Template
}

// Composer is a ports.Composer over the embedded texts.
type Composer struct {
	currency string
	words    map[key]words
}

var _ ports.Composer = (*Composer)(nil)

// New reads all texts. currency is written after amounts of money: "₫".
func New(currency string) (*Composer, error) {
	c := &Composer{currency: currency, words: map[key]words{}}
	for _, locale := range []domain.Locale{domain.Vietnamese, domain.English} {
		dir := "texts/" + string(locale) + "/"
		for _, name := range names() {
			plain, err := text.New(name).Option("missingkey=error").ParseFS(texts, dir+name+".txt", dir+"letter.txt")
			if err != nil {
				return nil, fmt.Errorf("read text %s in %s: %w", name, locale, err)
			}
			document, err := html.New(name).Option("missingkey=error").ParseFS(texts, dir+"letter.html")
			if err != nil {
				return nil, fmt.Errorf("read letter in %s: %w", locale, err)
			}
			c.words[key{locale, name}] = words{plain: plain, html: document}
		}
	}
	return c, nil
}

// facts is what the texts can say. All of it is one line of plain text each; the
// HTML letter escapes it.
type facts struct {
	ID           int64
	Product      string
	ProductShort string
	Quantity     int64
	UnitPrice    string
	Total        string
	Subject      string // For the letters.
	Intro        string // For the letters.
}

// maxShortProduct keeps Short within a phone's screen and a few SMS parts, in
// characters.
const maxShortProduct = 40

// Compose as in ports.Composer.
func (c *Composer) Compose(n domain.Notification) (domain.Message, error) {
	w, ok := c.words[key{n.Locale, n.Template()}]
	if !ok {
		return domain.Message{}, fmt.Errorf("no text %q in %q", n.Template(), n.Locale)
	}
	product := oneLine(n.Order.Product)
	f := facts{
		ID:           n.Order.ID,
		Product:      product,
		ProductShort: shorten(product, maxShortProduct),
		Quantity:     n.Order.Quantity,
		UnitPrice:    amount(n.Order.UnitPrice, n.Locale, c.currency),
		Total:        amount(n.Order.Total, n.Locale, c.currency),
	}
	m := domain.Message{
		ID: n.Identity(), Event: n.Event, OrderID: n.Order.ID, UserID: n.Order.UserID,
		Recipient: n.Recipient, Locale: n.Locale, Template: n.Template(), Trace: n.Trace,
	}
	var fault error
	say := func(t template, part string) string {
		var b strings.Builder
		if err := t.ExecuteTemplate(&b, part, f); err != nil {
			fault = errors.Join(fault, fmt.Errorf("write %s of %s: %w", part, n.Template(), err))
		}
		return b.String()
	}
	m.Subject = say(w.plain, "subject")
	m.Short = say(w.plain, "short")
	f.Subject, f.Intro = m.Subject, say(w.plain, "intro")
	m.Text = say(w.plain, "text")
	m.HTML = say(w.html, "html")
	return m, fault
}

// template is what the two kinds of templates have in common.
type template interface {
	ExecuteTemplate(w io.Writer, name string, data any) error
}
