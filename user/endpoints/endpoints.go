// Package endpoints makes go-kit endpoints of the use cases: one line each, with
// the middleware they stand behind.
package endpoints

import (
	"shop/kit/endpoint"

	"shop/user/ports"
)

// Set is every endpoint of the service.
type Set struct {
	Register, Profile, ChangeProfile endpoint.Endpoint
	Login, Refresh, Logout           endpoint.Endpoint
	ValidateToken, Contact           endpoint.Endpoint
}

// Core is the inbound ports.
type Core struct {
	Accounts  ports.Accounts
	Access    ports.Access
	Directory ports.Directory
	Tokens    ports.TokenChecker // Of other services' requests.
}

// Stacks is the middleware of each kind of use case.
type Stacks struct {
	Open          endpoint.Stack
	Hashing       endpoint.Stack // Open, with a limit of its own: logins must not take every place.
	Authenticated endpoint.Stack
}

// New returns the endpoints of the core.
func New(c Core, s Stacks) Set {
	return Set{
		Register:      endpoint.New(c.Accounts.Register, s.Hashing.Of("user.register")...),
		Profile:       endpoint.New(profile(c.Accounts), s.Authenticated.Of("user.profile")...),
		ChangeProfile: endpoint.New(changeProfile(c.Accounts), s.Authenticated.Of("user.change_profile")...),
		Login:         endpoint.New(c.Access.Login, s.Hashing.Of("user.login")...),
		Refresh:       endpoint.New(c.Access.Refresh, s.Open.Of("user.refresh")...),
		Logout:        endpoint.Action(logout(c.Access), s.Authenticated.Of("user.logout")...),
		ValidateToken: endpoint.New(validate(c.Tokens), s.Open.Of("user.validate_token")...),
		Contact:       endpoint.New(c.Directory.Contact, s.Open.Of("user.contact")...),
	}
}
