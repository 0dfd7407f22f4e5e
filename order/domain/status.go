package domain

import (
	"slices"
	"strings"

	"shop/kit/errs"
)

// Status is where an order stands.
type Status string

// An order goes from pending to delivered step by step; until it is shipped it
// may be cancelled. Delivered and cancelled are final.
const (
	Pending   Status = "pending"
	Confirmed Status = "confirmed"
	Shipped   Status = "shipped"
	Delivered Status = "delivered"
	Cancelled Status = "cancelled"
)

// next is the whole machine: every status and what may follow it.
var next = map[Status][]Status{
	Pending:   {Confirmed, Cancelled},
	Confirmed: {Shipped, Cancelled},
	Shipped:   {Delivered},
	Delivered: {},
	Cancelled: {},
}

// Statuses returns every status in the order of an order's life.
func Statuses() []Status { return []Status{Pending, Confirmed, Shipped, Delivered, Cancelled} }

// NewStatus returns the status of that lower-case name, or the *errs.Rule that
// s breaks.
func NewStatus(s string) (Status, error) {
	if _, known := next[Status(s)]; !known {
		return "", errs.OneOf(statusNames())
	}
	return Status(s), nil
}

// MayBecome reports whether an order may go from s to t in one step.
func (s Status) MayBecome(t Status) bool { return slices.Contains(next[s], t) }

func statusNames() string {
	names := make([]string, 0, len(next))
	for _, s := range Statuses() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}
