// Package notification is the notification service: it tells buyers what becomes
// of their orders.
package notification

import (
	"context"
	_ "embed"
	"math/rand/v2"
	"time"

	"shop/kit/auth"
	"shop/kit/endpoint"
	"shop/kit/event/observe"
	"shop/kit/service"
	"shop/kit/web"
	"shop/notification/adapters/bus"
	"shop/notification/adapters/http"
	"shop/notification/adapters/metrics"
	"shop/notification/adapters/sql"
	"shop/notification/adapters/templates"
	"shop/notification/adapters/user"
	"shop/notification/app"
	"shop/notification/endpoints"
)

// OpenAPI is the document of the REST API.
//
//go:embed openapi.yaml
var OpenAPI []byte

const (
	// retention is how long events are remembered by their ids: for longer than
	// they wait in any queue. Dead letters may come back even later; what they led
	// to still tells that they have been handled.
	retention     = 30 * 24 * time.Hour
	purgeInterval = time.Hour
)

// Spec describes the service to its command, to shop and to tests.
func Spec() service.Spec[Config] {
	return service.Spec[Config]{
		Name:       "notification",
		Defaults:   defaults(),
		Migrations: sql.Migrations(),
		Topology:   bus.Topology(),
		New:        New,
	}
}

// New wires the service.
func New(ctx context.Context, cfg Config, infra service.Infra) (*service.Service, error) {
	tel, now := infra.Tel, infra.Now
	if cfg.InternalAuth == "token" && cfg.InternalToken == "" {
		tel.Log.WarnContext(ctx, "INTERNAL_TOKEN is not set: the user service will not say how users are reached, so events wait")
	}
	users, err := auth.NewClient(string(cfg.UserServiceURL), tel, auth.Options{CacheTTL: cfg.AuthCacheTTL.Duration(), Now: now})
	if err != nil {
		return nil, err
	}
	contacts, err := user.New(string(cfg.UserServiceURL), tel, cfg.InternalToken)
	if err != nil {
		return nil, err
	}
	composer, err := templates.New(cfg.Currency)
	if err != nil {
		return nil, err
	}
	channels, err := open(cfg, tel, now)
	if err != nil {
		return nil, err
	}

	store := sql.New(infra.DB, bus.Queue, now)
	queue := metrics.NewQueue(store, tel)
	metrics.RegisterPending(store, tel, now)
	dispatcher := app.NewDispatcher(queue, composer, channels.byName,
		cfg.policy(), cfg.limits(), app.Clock{Now: now, Spread: rand.Float64}, tel.Log)
	notifier := app.NewNotifier(contacts, store, channels.names(), now, dispatcher)
	reader := app.NewReader(store)

	observe.Connected(tel, "notification", infra.Bus.Ping) //nolint:contextcheck // A scrape brings no context along.

	stack := endpoint.NewStack(tel, cfg.RequestTimeout.Duration(), endpoint.NewLimiter(cfg.MaxConcurrency, 0))

	api := infra.Web(cfg.Config)
	api.Spec = OpenAPI
	api.Texts = http.Texts()
	api.Before = append(api.Before, auth.FromHeader)
	api.Checks = append(api.Checks, service.BusCheck(infra.Bus, cfg.BusConfig))

	return &service.Service{
		Name:    "notification",
		Handler: web.NewHandler(api, http.Routes(endpoints.New(reader, stack.With(auth.Authenticate(users))))),
		Admin: append(service.DeadLetterRoutes(infra.Bus, bus.Queue),
			service.AdminRoute{Pattern: http.AdminPattern, Handler: http.Admin(reader, tel.Log)}),
		Workers: []service.Worker{
			{Name: "consumer", Run: func(ctx context.Context) error {
				return infra.Bus.Subscribe(ctx, bus.Queue, bus.Prefetch, bus.Handler(notifier, tel))
			}},
			{Name: "dispatcher", Run: dispatcher.Run},
			{Name: "purge of the inbox", Run: service.Every(purgeInterval, tel.Log, "purge the inbox", func(ctx context.Context) (more bool, err error) {
				return false, store.Forget(ctx, now().Add(-retention))
			})},
		},
		Closers: append(channels.closers,
			service.Closer{Name: "token client", Close: func(context.Context) error { return users.Close() }},
			service.Closer{Name: "contact client", Close: func(context.Context) error { return contacts.Close() }},
		),
	}, nil
}
