// Package product is the product service: the catalogue of the shop and its
// stock.
package product

import (
	"context"
	_ "embed"
	"time"

	"shop/kit/auth"
	"shop/kit/endpoint"
	"shop/kit/event/observe"
	"shop/kit/service"
	"shop/kit/sqldb"
	"shop/kit/web"

	"shop/product/adapters/bus"
	"shop/product/adapters/http"
	"shop/product/adapters/metrics"
	"shop/product/adapters/order"
	"shop/product/adapters/sql"
	"shop/product/app"
	"shop/product/endpoints"
)

// OpenAPI is the document of the REST API.
//
//go:embed openapi.yaml
var OpenAPI []byte

// name is the service's, in metrics, traces and logs.
const name = "product"

// purgeInterval is how often reservations are looked for that may be forgotten.
const purgeInterval = time.Hour

// Spec is the service as its command, shop and tests run it.
func Spec() service.Spec[Config] {
	return service.Spec[Config]{
		Name:       name,
		Defaults:   defaults(),
		Migrations: sql.Migrations(),
		Adoption:   sql.Adoption(),
		Topology:   bus.Topology(),
		New:        New,
	}
}

// New wires the service.
func New(_ context.Context, cfg Config, infra service.Infra) (*service.Service, error) {
	s := &service.Service{Name: name}
	tel, now := infra.Tel, infra.Now

	users, err := auth.NewClient(string(cfg.UserServiceURL), tel, auth.Options{CacheTTL: cfg.AuthCacheTTL.Duration(), Now: now})
	if err != nil {
		return nil, err
	}
	s.Closers = append(s.Closers, service.Closer{Name: "user client", Close: func(context.Context) error { return users.Close() }})
	orders, err := order.New(string(cfg.OrderServiceURL), tel, cfg.InternalToken)
	if err != nil {
		return nil, err
	}
	s.Closers = append(s.Closers, service.Closer{Name: "order client", Close: func(context.Context) error { return orders.Close() }})

	caching, err := newCaching(cfg, infra)
	if err != nil {
		return nil, err
	}
	if caching.closer != nil {
		s.Closers = append(s.Closers, *caching.closer)
	}
	inbox := sqldb.NewInbox(sqldb.InboxClock(now))
	products, reservations := caching.around(
		sql.NewProducts(infra.DB, caching.noting...), sql.NewReservations(infra.DB, inbox, bus.Queue, caching.noting...))
	reservations = metrics.NewReservations(reservations, tel)

	catalogue := app.NewCatalogue(products, now)
	stock := app.NewStock(reservations, orders, now, cfg.ReservationTTL.Duration())

	open := endpoint.NewStack(tel, cfg.RequestTimeout.Duration(), endpoint.NewLimiter(cfg.MaxConcurrency, 0))
	set := endpoints.New(catalogue, stock, open, open.With(auth.Authenticate(users)))

	api := infra.Web(cfg.Config)
	api.Spec, api.Texts = OpenAPI, http.Texts()
	api.Before = append(api.Before, auth.FromHeader)
	api.Checks = append(api.Checks, caching.check, brokerCheck(infra.Bus))
	s.Handler = web.NewHandler(api, http.Routes(set))
	s.Admin = service.DeadLetterRoutes(infra.Bus, bus.Queue)

	events := observe.Bus(infra.Bus, tel, name, bus.Topology()) //nolint:contextcheck // Its gauge is read by scrapes, long after New.
	s.Workers = []service.Worker{
		{Name: "stock consumer", Run: func(ctx context.Context) error {
			return events.Subscribe(ctx, bus.Queue, bus.Prefetch, bus.Handler(stock))
		}},
		{Name: "settlement", Run: service.Every(cfg.settleInterval(), tel.Log, "settle reservations", stock.Settle)},
		{Name: "purge", Run: service.Every(purgeInterval, tel.Log, "purge reservations", stock.Purge)},
	}
	return s, nil
}
