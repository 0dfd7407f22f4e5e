package domain

// Decision is our word on a reservation whose time is over. It is for good.
type Decision string

// Keep: the pieces belong to an order, or went back when it was cancelled or
// deleted. Abandoned: there is no such order and never will be.
const (
	Keep      Decision = "keep"
	Abandoned Decision = "abandoned"
)
