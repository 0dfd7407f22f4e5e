// Package http is the service's REST API: the route table and, for each route,
// how its request is read and its response written.
package http

import (
	"net/http"

	"shop/kit/web"

	"shop/user/domain"
	"shop/user/endpoints"
)

// Options are what the API depends on besides its endpoints.
type Options struct {
	Password domain.PasswordRule
	Mesh     bool // Requests come through a sidecar, which says where they come from.
}

// Routes returns the routes to e.
func Routes(e endpoints.Set, o Options) []web.Route {
	d := decoder(o)
	return []web.Route{
		web.Handle("POST /register", http.StatusCreated, e.Register, d.register, encodeAccount),
		web.Handle("POST /login", http.StatusOK, e.Login, d.login, encodeGrant),
		web.Handle("POST /refresh", http.StatusOK, e.Refresh, d.refresh, encodeGrant),
		web.Handle("POST /logout", http.StatusNoContent, e.Logout, d.logout, web.Empty),
		web.Handle("POST /validate-token", http.StatusOK, e.ValidateToken, decodeToken, encodeValidity),
		web.Handle("GET /users/me", http.StatusOK, e.Profile, decodeMe, encodeProfile),
		web.Handle("PATCH /users/me", http.StatusOK, e.ChangeProfile, d.changeProfile, encodeProfile),

		web.Handle("GET /internal/users/{id}/contact", http.StatusOK, e.Contact, decodeID, encodeContact).Internal("notification"),
	}
}
