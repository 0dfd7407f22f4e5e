// Package user is the user service: accounts, logins and the one place that
// knows whose a token is.
package user

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"time"

	"shop/kit/auth"
	"shop/kit/endpoint"
	"shop/kit/service"
	"shop/kit/web"

	"shop/user/adapters/bcrypt"
	"shop/user/adapters/http"
	"shop/user/adapters/jwt"
	"shop/user/adapters/log"
	"shop/user/adapters/metrics"
	"shop/user/adapters/sql"
	"shop/user/app"
	"shop/user/domain"
	"shop/user/endpoints"
)

// OpenAPI is the document of the REST API.
//
//go:embed openapi.yaml
var OpenAPI []byte

// purgeInterval is how often expired sessions and forgotten failures are removed.
const purgeInterval = 5 * time.Minute

// Spec is the service as its command, shop and tests run it.
func Spec() service.Spec[Config] {
	return service.Spec[Config]{
		Name:       "user",
		Defaults:   defaults(),
		Migrations: sql.Migrations(),
		Adoption:   sql.Adoption(),
		New:        New,
		Commands:   commands,
	}
}

// New wires the service.
func New(_ context.Context, cfg Config, infra service.Infra) (*service.Service, error) {
	core, err := newCore(cfg, infra)
	if err != nil {
		return nil, err
	}
	tel, timeout := infra.Tel, cfg.RequestTimeout.Duration()

	open := endpoint.NewStack(tel, timeout, endpoint.NewLimiter(cfg.MaxConcurrency, 0))
	set := endpoints.New(
		endpoints.Core{Accounts: core, Access: core, Directory: core, Tokens: metrics.NewTokenChecker(core, tel, time.Now)},
		endpoints.Stacks{
			Open:          open,
			Hashing:       endpoint.NewStack(tel, timeout, endpoint.NewLimiter(cfg.maxHashing(), 0)),
			Authenticated: open.With(endpoints.Authenticate(core)),
		},
	)

	api := infra.Web(cfg.Config)
	api.Spec, api.Texts = OpenAPI, http.Texts()
	api.Before = append(api.Before, auth.FromHeader)
	routes := http.Routes(set, http.Options{
		Password: domain.PasswordRule{MinLength: cfg.PasswordMinLength},
		Mesh:     cfg.InternalAuth == "mesh",
	})
	return &service.Service{
		Name:    "user",
		Handler: web.NewHandler(api, routes),
		Workers: []service.Worker{{Name: "purge", Run: service.Every(purgeInterval, tel.Log, "purge sessions and failed logins",
			func(ctx context.Context) (bool, error) { return false, core.Purge(ctx) })}},
	}, nil
}

// newCore puts the use cases on their adapters.
func newCore(cfg Config, infra service.Infra) (*app.App, error) {
	hasher, err := bcrypt.New(cfg.BcryptCost)
	if err != nil {
		return nil, err
	}
	signer, err := jwt.New(infra.Now, cfg.Algorithm, []byte(cfg.SecretKey), cfg.previousKeys()...)
	if err != nil {
		return nil, err
	}
	return app.New(app.Needs{
		Users:     sql.NewUsers(infra.DB),
		Sessions:  sql.NewSessions(infra.DB),
		Attempts:  sql.NewAttempts(infra.DB),
		Hasher:    bcrypt.NewBounded(metrics.NewHasher(hasher, infra.Tel, time.Now), bcrypt.Slots(), time.Now),
		Signer:    signer,
		Journal:   metrics.NewJournal(log.NewJournal(infra.Tel.Log), infra.Tel),
		Now:       infra.Now,
		NewID:     infra.NewID,
		NewSecret: newSecret,
	}, app.Settings{AccessLifetime: cfg.accessLifetime(), RefreshLifetime: cfg.refreshLifetime()}), nil
}

// newSecret returns 256 random bits as text.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // Never fails: it stops the process instead.
	return base64.RawURLEncoding.EncodeToString(b)
}
