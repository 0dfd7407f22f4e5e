package dashboard

const (
	work   = `queue=~"order_notifications|product_stock"` // What consumers take from.
	ladder = `queue=~".+[.]retry[.].+"`                   // Messages wait here for their next try.
	dead   = `queue=~".+[.]dead"`                         // Given up; operators list and replay.
)

// perService is a metric that each service names after itself.
func perService(name string) string {
	return `{__name__=~"(order|product|notification)_` + name + `"}`
}

func messaging() Board {
	return Board{
		UID: "shop-messaging", Title: "Messaging",
		About: "The way of an event: outbox, broker, queue, consumer, channel, buyer. Nothing is lost on it; here is seen where it waits.",
		Questions: []Question{
			{Ask: "Do events flow, and are buyers told in time?", Panels: append(flowFigures(), flow()...)},
			{Ask: "Where do events wait?", Panels: waiting()},
			{Ask: "Does publishing work?", Closed: true, Panels: publishing()},
			{Ask: "Does consuming work?", Closed: true, Panels: consuming()},
			{Ask: "Are buyers really told, and by which channel not?", Closed: true, Panels: delivering()},
			{Ask: "Is the broker itself well?", Closed: true, Panels: broker()},
		},
	}
}
