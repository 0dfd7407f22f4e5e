package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"shop/shop/rest"
)

const password = "mật khẩu của demo"

var doors = []step{
	{"GET /health of user", health(0)},
	{"GET /health of product", health(1)},
	{"GET /health of order", health(2)},
	{"GET /health of notification", health(3)},
}

func health(n int) func(context.Context, *Story) (rest.Answer, string, error) {
	return func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		door := s.shop.Doors()[n]
		var body struct{ Status, Service, Version string }
		a, err := get(ctx, door.Client, "/health", &body)
		if err == nil && body.Status != "healthy" {
			err = fmt.Errorf("status is %q: %s", body.Status, a.Body)
		}
		return a, fmt.Sprintf("%s %s, %s", body.Service, body.Version, body.Status), err
	}
}

var accounts = []step{
	{"POST /register a seller", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		return s.register(ctx, "seller_"+s.tag)
	}},
	{"POST /register a buyer", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		s.buyerName = "buyer_" + s.tag
		return s.register(ctx, s.buyerName)
	}},
	{"POST /register a stranger", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		return s.register(ctx, "stranger_"+s.tag)
	}},
	{"POST /register the same name again", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.User.Post(ctx, "/register", map[string]any{"username": s.buyerName, "password": password})
		return refused(a, err, http.StatusBadRequest)
	}},
	{"POST /register with everything wrong", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.User.Post(ctx, "/register", map[string]any{"username": "ab", "password": "123"})
		if err := want(a, err, http.StatusUnprocessableEntity); err != nil {
			return a, "", err
		}
		var body struct {
			Detail []struct {
				Loc []any
				Msg string
			}
		}
		if err := a.Into(&body); err != nil {
			return a, "", err
		}
		if len(body.Detail) != 2 {
			return a, "", fmt.Errorf("named %d faults, want 2: %s", len(body.Detail), a.Body)
		}
		return a, fmt.Sprintf("%d faults at once", len(body.Detail)), nil
	}},
	{"POST /login with a wrong password", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.User.Post(ctx, "/login", url.Values{"username": {s.buyerName}, "password": {"not this one"}})
		return refused(a, err, http.StatusUnauthorized)
	}},
	{"POST /login as the seller", login(func(s *Story) (string, *rest.Session) { return "seller_" + s.tag, &s.seller })},
	{"POST /login as the buyer", login(func(s *Story) (string, *rest.Session) { return s.buyerName, &s.buyer })},
	{"POST /login as the stranger", login(func(s *Story) (string, *rest.Session) { return "stranger_" + s.tag, &s.stranger })},
	{"POST /validate-token", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		var body struct {
			Valid    bool
			Username string
			Message  string
		}
		a, err := s.shop.User.Post(ctx, "/validate-token", map[string]any{"token": s.buyer.AccessToken})
		if err := want(a, err, http.StatusOK); err != nil {
			return a, "", err
		}
		err = a.Into(&body)
		if err == nil && (!body.Valid || body.Username != s.buyerName) {
			err = fmt.Errorf("answered %s", a.Body)
		}
		return a, body.Message, err
	}},
	{"GET /users/me", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		var body struct{ Username, Locale string }
		a, err := get(ctx, s.shop.User.As(s.buyer.AccessToken), "/users/me", &body)
		if err == nil && body.Username != s.buyerName {
			err = fmt.Errorf("answered %q", body.Username)
		}
		return a, body.Username + ", locale " + body.Locale, err
	}},
	{"POST /refresh rotates the tokens", func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		a, err := s.shop.User.Post(ctx, "/refresh", map[string]any{"refresh_token": s.seller.RefreshToken})
		if err := want(a, err, http.StatusOK); err != nil {
			return a, "", err
		}
		var next rest.Session
		err = a.Into(&next)
		if err == nil && next.RefreshToken == s.seller.RefreshToken {
			err = errors.New("the refresh token is the old one")
		}
		s.seller = next
		return a, "a new pair", err
	}},
}

func (s *Story) register(ctx context.Context, name string) (rest.Answer, string, error) {
	a, err := s.shop.User.Post(ctx, "/register", map[string]any{
		"username": name, "password": password, "email": name + "@example.com",
	})
	if err := want(a, err, http.StatusCreated); err != nil {
		return a, "", err
	}
	var account rest.Account
	err = a.Into(&account)
	if err == nil && (account.Username != name || !account.IsActive) {
		err = fmt.Errorf("answered %s", a.Body)
	}
	return a, fmt.Sprintf("user %d, %s", account.ID, account.Username), err
}

func login(who func(*Story) (string, *rest.Session)) func(context.Context, *Story) (rest.Answer, string, error) {
	return func(ctx context.Context, s *Story) (rest.Answer, string, error) {
		name, session := who(s)
		a, err := s.shop.User.Post(ctx, "/login", url.Values{"username": {name}, "password": {password}})
		if err := want(a, err, http.StatusOK); err != nil {
			return a, "", err
		}
		err = a.Into(session)
		if err == nil && (session.AccessToken == "" || session.TokenType != "bearer") {
			err = errors.New("no bearer token in the answer")
		}
		return a, fmt.Sprintf("valid for %d s", session.ExpiresIn), err
	}
}

// refused wants an error answer and shows its text.
func refused(a rest.Answer, err error, code int) (rest.Answer, string, error) {
	if err := want(a, err, code); err != nil {
		return a, "", err
	}
	return a, a.Detail(), nil
}
