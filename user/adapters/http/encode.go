package http

import (
	"net/http"
	"time"

	"shop/kit/web"

	"shop/user/domain"
	"shop/user/endpoints"
	"shop/user/ports"
)

// timeLayout is RFC 3339 in UTC with microseconds.
const timeLayout = "2006-01-02T15:04:05.000000Z"

func moment(t time.Time) string { return t.UTC().Format(timeLayout) }

// account is what everybody may know of the own account.
type account struct {
	ID        int64  `json:"id"`
	Username  string `json:"username"`
	IsActive  bool   `json:"is_active"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

func accountOf(u domain.User) account {
	return account{
		ID: int64(u.ID), Username: u.Name.String(), IsActive: u.Active,
		CreatedAt: moment(u.CreatedAt), UpdatedAt: moment(u.UpdatedAt),
	}
}

func encodeAccount(u domain.User) web.Reply { return web.JSON(accountOf(u)) }

func encodeProfile(u domain.User) web.Reply {
	return unstored(struct {
		account

		Email     *string `json:"email"`
		Phone     *string `json:"phone"`
		Locale    string  `json:"locale"`
		PushToken *string `json:"push_token"`
	}{
		accountOf(u), given(u.Contact.Email.Text()), given(u.Contact.Phone.Text()), u.Contact.Locale.String(),
		given(u.Contact.PushToken.Text()),
	})
}

// encodeContact gives the phone in the form that gateways dial.
func encodeContact(u domain.User) web.Reply {
	return unstored(struct {
		UserID    int64   `json:"user_id"`
		Username  string  `json:"username"`
		Email     *string `json:"email"`
		Phone     *string `json:"phone"`
		Locale    string  `json:"locale"`
		PushToken *string `json:"push_token"`
		IsActive  bool    `json:"is_active"`
	}{
		int64(u.ID), u.Name.String(), given(u.Contact.Email.Text()), given(u.Contact.Phone.E164()), u.Contact.Locale.String(),
		given(u.Contact.PushToken.Text()), u.Active,
	})
}

func encodeGrant(g ports.Grant) web.Reply {
	return unstored(struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int64  `json:"expires_in"`
		RefreshToken string `json:"refresh_token"`
	}{g.Access.Text(), "bearer", int64(g.Expires.Seconds()), g.Refresh.Text()})
}

func encodeValidity(v endpoints.Validity) web.Reply {
	body := struct {
		Valid    bool    `json:"valid"`
		Username *string `json:"username"`
		UserID   *int64  `json:"user_id"`
		Message  string  `json:"message"`
	}{Message: "Token is invalid or expired"}
	if v.Valid {
		id := int64(v.Caller.User)
		body.Valid, body.Username, body.UserID, body.Message = true, &v.Caller.Name, &id, "Token is valid"
	}
	return web.JSON(body)
}

// unstored is a response that no cache may keep: RFC 6749 section 5.1 for tokens,
// and contact data deserve no less.
func unstored(body any) web.Reply {
	return web.Reply{Body: body, Header: http.Header{"Cache-Control": {"no-store"}}}
}

// given returns nil for what the user has not given.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
