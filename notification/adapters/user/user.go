// Package user asks the user service over HTTP.
package user

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"shop/kit/errs"
	"shop/kit/flight"
	"shop/kit/telemetry"
	"shop/kit/web"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Contacts is a ports.Contacts by the user service's internal route.
type Contacts struct {
	client  *web.Client
	ask     func(context.Context, int64) (answer, error)
	flights flight.Group[answer]
}

// timeout bounds a call.
const timeout = 2 * time.Second

var _ ports.Contacts = (*Contacts)(nil)

// answer is what the user service tells; what a user has not given is null.
type answer struct {
	Email     string `json:"email"`
	Phone     string `json:"phone"`
	PushToken string `json:"push_token"`
	Locale    string `json:"locale"`
}

// New returns the user service at base ("http://127.0.0.1:8001"), called with the
// internal token.
func New(base string, tel *telemetry.Telemetry, token string) (*Contacts, error) {
	client, err := web.NewClient(base, tel, web.ClientOptions{Name: "user", InternalToken: token, Timeout: timeout})
	if err != nil {
		return nil, fmt.Errorf("client of the user service: %w", err)
	}
	return &Contacts{client: client, ask: web.Call[int64, answer](client,
		http.MethodGet, "/internal/users/{id}/contact",
		func(id int64) string { return "/internal/users/" + strconv.FormatInt(id, 10) + "/contact" },
		nil,
	)}, nil
}

// Contact as in ports.Contacts. Calls for one user at the same time are one call.
// A user whom the administrator has deactivated is told about the orders that were
// placed before. An answer of any other kind than expected (the internal token is
// wrong, the route is not there) is Unavailable: the event waits until the operator
// has put it right.
func (c *Contacts) Contact(ctx context.Context, userID int64) (domain.Contact, error) {
	a, _, err := c.flights.Do(ctx, strconv.FormatInt(userID, 10), timeout, func(ctx context.Context) (answer, error) {
		return c.ask(ctx, userID)
	})
	switch kind := errs.KindOf(err); {
	case err == nil:
		return domain.Contact{Email: a.Email, Phone: a.Phone, PushToken: a.PushToken, Locale: domain.LocaleOf(a.Locale)}, nil
	case errs.Of(err).Code == ports.ErrUnknownUser.Code, kind == errs.Unavailable:
		return domain.Contact{}, err
	default:
		return domain.Contact{}, errs.ErrUnavailable.Wrap(err)
	}
}

// Close closes the connections that no call is using.
func (c *Contacts) Close() error { return c.client.Close() }
