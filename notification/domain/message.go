package domain

// Message is a notification put into words, on its way to a channel.
type Message struct {
	ID        string // Notification.Identity.
	Event     Type
	OrderID   int64
	UserID    int64
	Recipient string // Contact data.
	Locale    Locale
	Template  string
	Subject   string // One line.
	Text      string // The whole text, plain.
	HTML      string // The whole text as an HTML document.
	Short     string // One or two sentences, for a phone's screen.
	Trace     string // W3C traceparent of the event.
}
