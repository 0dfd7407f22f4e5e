package http

import (
	"net/http"

	"shop/kit/errs"
	"shop/kit/web"

	"shop/user/domain"
	"shop/user/endpoints"
	"shop/user/ports"
)

// decoder reads requests into the commands of the core.
type decoder Options

func (d decoder) register(r *http.Request) (ports.Register, error) {
	f, err := web.Object(r)
	if err != nil {
		return ports.Register{}, err
	}
	return ports.Register{
		Name:     web.Required(f, "username", web.String, domain.NewUsername),
		Password: web.Required(f, "password", web.String, d.Password.New),
		Contact: domain.Contact{}.With(domain.ContactChanges{
			Email: change(f, "email", domain.NewEmail),
			Phone: change(f, "phone", domain.NewPhone),
		}),
		Address: d.address(r),
	}, f.Err()
}

// login reads the form of OAuth2's password grant; scope and client credentials
// are allowed and mean nothing here.
func (d decoder) login(r *http.Request) (ports.Login, error) {
	f, err := web.Form(r)
	if err != nil {
		return ports.Login{}, err
	}
	web.Optional(f, "grant_type", web.String, passwordGrant)
	return ports.Login{
		Name:     web.Required(f, "username", web.String, filled),
		Password: domain.TypedPassword(web.Required(f, "password", web.String, filled)),
		Address:  d.address(r),
	}, f.Err()
}

// passwordGrant takes an empty field for an absent one, as forms mean it.
func passwordGrant(s string) (string, error) {
	if s != "" && s != "password" {
		return "", errs.OneOf("'password'")
	}
	return s, nil
}

// filled refuses the empty text: a form sends it for a field that nobody filled
// in.
func filled(s string) (string, error) {
	if s == "" {
		return "", errs.Violates("missing")
	}
	return s, nil
}

func (d decoder) refresh(r *http.Request) (ports.Refresh, error) {
	f, err := web.Object(r)
	if err != nil {
		return ports.Refresh{}, err
	}
	return ports.Refresh{
		Token:   domain.PresentedRefreshToken(web.Required(f, "refresh_token", web.String, web.Is)),
		Address: d.address(r),
	}, f.Err()
}

func (d decoder) logout(r *http.Request) (ports.Logout, error) {
	return ports.Logout{Address: d.address(r)}, nil
}

func decodeToken(r *http.Request) (domain.AccessToken, error) {
	f, err := web.Object(r)
	if err != nil {
		return domain.AccessToken{}, err
	}
	token := web.Required(f, "token", web.String, web.Is)
	return domain.PresentedToken(token), f.Err()
}

func decodeMe(*http.Request) (endpoints.Me, error) { return endpoints.Me{}, nil }

func (d decoder) changeProfile(r *http.Request) (ports.ChangeProfile, error) {
	f, err := web.Object(r)
	if err != nil {
		return ports.ChangeProfile{}, err
	}
	return ports.ChangeProfile{
		Contact: domain.ContactChanges{
			Email:     change(f, "email", domain.NewEmail),
			Phone:     change(f, "phone", domain.NewPhone),
			Locale:    change(f, "locale", domain.NewLocale),
			PushToken: change(f, "push_token", domain.NewPushToken),
		},
		Password: d.passwordChange(f),
		Address:  d.address(r),
	}, f.Err()
}

// passwordChange reads the pair of passwords, of which both are there or none.
func (d decoder) passwordChange(f *web.Fields) *ports.PasswordChange {
	current, _ := web.Has(f, "current_password")
	next, _ := web.Has(f, "new_password")
	if !current && !next {
		return nil
	}
	return &ports.PasswordChange{
		Current: domain.TypedPassword(web.Required(f, "current_password", web.String, web.Is)),
		New:     web.Required(f, "new_password", web.String, d.Password.New),
	}
}

// change reads a field of three states: absent is nil, null is the zero value,
// which clears what was there, and anything else what make makes of it.
func change[T any](f *web.Fields, name string, make func(string) (T, error)) *T {
	if present, null := web.Has(f, name); present && null {
		return new(T)
	}
	return web.Optional(f, name, web.String, make)
}

func decodeID(r *http.Request) (domain.UserID, error) {
	f := web.Path(r)
	id := web.Required(f, "id", web.Int, func(n int64) (domain.UserID, error) {
		if n < 1 {
			return 0, errs.GreaterOrEqual(1)
		}
		return domain.UserID(n), nil
	})
	return id, f.Err()
}
