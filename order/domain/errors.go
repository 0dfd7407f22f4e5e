package domain

import "shop/kit/errs"

// What an order refuses its owner and others. Params: ErrOrderNotFound and
// ErrProductNotFound have id; ErrInsufficientStock has available and requested;
// ErrTransition has from and to.
var (
	ErrOrderNotFound   = errs.New(errs.NotFound, "order_not_found")
	ErrViewForbidden   = errs.New(errs.Forbidden, "order_view_forbidden")
	ErrUpdateForbidden = errs.New(errs.Forbidden, "order_update_forbidden")
	ErrDeleteForbidden = errs.New(errs.Forbidden, "order_delete_forbidden")
	ErrTransition      = errs.New(errs.Conflict, "order_status_transition")
)

// What comes in the way of placing an order. The two Refused ones are the
// catalogue's last word; the Unavailable ones may be tried again.
var (
	ErrProductNotFound      = errs.New(errs.Refused, "product_not_found")
	ErrInsufficientStock    = errs.New(errs.Refused, "insufficient_stock")
	ErrTotalTooLarge        = errs.New(errs.Invalid, "total_too_large") // The quantity's fault: the price is the product's.
	ErrCatalogueUnavailable = errs.New(errs.Unavailable, "product_service_unavailable")
	ErrReservationGone      = errs.New(errs.Unavailable, "reservation_gone") // Settled as abandoned before its order was stored.
)

// What an idempotency key refuses. ErrKeyInUse says after how long to try again.
var (
	ErrKeyReused = errs.New(errs.Invalid, "idempotency_key_reused") // It stands for another request.
	ErrKeyInUse  = errs.New(errs.Conflict, "idempotency_key_in_use")
)

// NotFound returns ErrOrderNotFound for id.
func NotFound(id OrderID) error { return ErrOrderNotFound.With("id", int64(id)) }
