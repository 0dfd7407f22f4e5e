package domain

import "shop/kit/errs"

// What the catalogue and the stock refuse. Params: ErrProductNotFound has id;
// ErrInsufficientStock has available and requested.
var (
	ErrProductNotFound     = errs.New(errs.NotFound, "product_not_found")
	ErrProductChanged      = errs.New(errs.Stale, "product_changed")
	ErrInsufficientStock   = errs.New(errs.Conflict, "insufficient_stock")
	ErrReservationReleased = errs.New(errs.Conflict, "reservation_released")
	ErrReservationMismatch = errs.New(errs.Conflict, "reservation_mismatch")
	ErrUnpriced            = errs.New(errs.Invalid, "greater_than").With("gt", 0) // A change that leaves a product without a price.
)

// Rules of fields that package errs does not name.
var (
	errBlank   = errs.Violates("blank")             // Nothing to see in it.
	errControl = errs.Violates("control_character") // A line break in a name, for instance.
	errNUL     = errs.Violates("string_nul")
	errUnicode = errs.Violates("string_unicode") // Not valid UTF-8.
	errNotUUID = errs.Violates("uuid_parsing")
)
