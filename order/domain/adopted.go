package domain

// The reservation of an order that was adopted from an older system, whose stock
// that system took, is AdoptedPrefix and the order's number in 12 hexadecimal
// digits: a UUID of version 8, which no reservation of ours is. By it the product
// service knows, when the order is cancelled, that there are pieces to give back
// although it has never seen the reservation.
const (
	AdoptedPrefix = "01d00000-0000-8000-8000-"
	// MaxAdopted is the largest number of an order that fits.
	MaxAdopted = 1<<48 - 1
)
