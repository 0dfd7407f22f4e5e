// Package order is the order service: it takes orders, moves them through their
// life, and tells the other services by events.
package order

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
	"shop/order/adapters/http"
	"shop/order/adapters/metrics"
	"shop/order/adapters/product"
	"shop/order/adapters/sql"
	"shop/order/app"
	"shop/order/endpoints"
)

// OpenAPI is the document of the REST API.
//
//go:embed openapi.yaml
var OpenAPI []byte

// AsyncAPI is the document of the events.
//
//go:embed asyncapi.yaml
var AsyncAPI []byte

// purgeInterval is how often old idempotency keys are looked for.
const purgeInterval = 10 * time.Minute

// Spec describes the service to its command, to shop and to tests.
func Spec() service.Spec[Config] {
	return service.Spec[Config]{
		Name:       "order",
		Defaults:   defaults(),
		Migrations: sql.Migrations(),
		Adoption:   sql.Adoption(),
		Topology:   Topology(),
		New:        New,
	}
}

// New wires the service.
func New(_ context.Context, cfg Config, infra service.Infra) (*service.Service, error) {
	users, err := auth.NewClient(string(cfg.UserServiceURL), infra.Tel, auth.Options{CacheTTL: cfg.AuthCacheTTL.Duration(), Now: infra.Now})
	if err != nil {
		return nil, err
	}
	products, err := web.NewClient(string(cfg.ProductServiceURL), infra.Tel, web.ClientOptions{
		Name: "product", InternalToken: cfg.InternalToken,
	})
	if err != nil {
		return nil, err
	}

	outbox := sqldb.NewOutbox(infra.DB, infra.Tel, "order",
		sqldb.Clock(infra.Now), sqldb.IDs(infra.NewID), sqldb.EventTypes(app.Created, app.StatusChanged, app.Deleted), sqldb.For(infra.Bus))
	orders := metrics.NewOrders(sql.NewOrders(infra.DB, outbox), infra.Tel)
	core := app.New(orders, sql.NewKeys(infra.DB), product.NewCatalogue(products), infra.Now, infra.NewID)

	observe.Connected(infra.Tel, "order", infra.Bus.Ping) //nolint:contextcheck // Its gauge is read by scrapes, long after New.

	limit := endpoint.NewLimiter(cfg.MaxConcurrency, 0)
	internal := endpoint.NewStack(infra.Tel, cfg.RequestTimeout.Duration(), limit)
	authenticated := internal.With(auth.Authenticate(users))

	api := infra.Web(cfg.Config)
	api.Spec = OpenAPI
	api.Texts = http.Texts()
	api.Before = append(api.Before, auth.FromHeader)
	api.Checks = append(api.Checks, service.BusCheck(infra.Bus, cfg.BusConfig))

	return &service.Service{
		Name:    "order",
		Handler: web.NewHandler(api, http.Routes(endpoints.New(metrics.NewService(core, infra.Tel), core, authenticated, internal))),
		Admin: append(service.RelayRoutes(outbox),
			service.AdminRoute{Pattern: http.AdminPattern, Handler: http.Admin(core, infra.Tel)}),
		Workers: []service.Worker{
			{Name: "relay", Run: sqldb.NewRelay(outbox, infra.Bus, infra.Tel).Run},
			{Name: "purge of idempotency keys", Run: service.Every(purgeInterval, infra.Tel.Log, "purge idempotency keys", core.PurgeKeys)},
		},
		Closers: []service.Closer{
			{Name: "client of the user service", Close: func(context.Context) error { return users.Close() }},
			{Name: "client of the product service", Close: func(context.Context) error { return products.Close() }},
		},
	}, nil
}
