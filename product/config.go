package product

import (
	"time"

	"shop/kit/auth"
	"shop/kit/config"
	"shop/kit/service"
)

// Config is every setting of the service.
type Config struct {
	service.Config
	service.BusConfig

	UserServiceURL  config.URL     `group:"Other services" env:"USER_SERVICE_URL" envDefault:"http://localhost:8001" unit:"URL" doc:"The user service, which is asked whose a token is."`
	OrderServiceURL config.URL     `env:"ORDER_SERVICE_URL" envDefault:"http://localhost:8003" unit:"URL" doc:"The order service, which is asked what became of a reservation."`
	AuthCacheTTL    config.Seconds `env:"AUTH_CACHE_TTL" envDefault:"0" unit:"seconds, at most 5" doc:"How long a valid token is believed without asking again; a revoked one works for as long. 0 asks for every request."`

	CacheEnabled    bool           `group:"Cache" env:"CACHE_ENABLED" envDefault:"true" unit:"True or False" doc:"Keep products that are read in a cache. The embedded one is of this process alone: run one process of this service with it."`
	CacheTTL        config.Seconds `env:"CACHE_TTL" envDefault:"300" unit:"seconds" doc:"How long a product stays in the cache."`
	CacheMaxEntries int            `env:"CACHE_MAX_ENTRIES" envDefault:"10000" unit:"products" doc:"How many products the embedded cache keeps, those that are read most."`

	ReservationTTL config.Seconds `group:"Stock" env:"RESERVATION_TTL" envDefault:"60" unit:"seconds" doc:"How long reserved stock waits for its order before the order service is asked about it."`
}

// defaults are those of the settings that all services share.
func defaults() map[string]string {
	return map[string]string{
		"APP_NAME":     "Product Service",
		"PORT":         "8002",
		"DATABASE_URL": "sqlite:///./data/product.db",

		"RABBITMQ_EXCHANGE":    "order_events",
		"RABBITMQ_QUEUE":       "order_notifications",
		"RABBITMQ_ROUTING_KEY": "order.created",
	}
}

// Validate implements config.Validator.
func (c Config) Validate() error {
	var f config.Faults
	f.Check(c.UserServiceURL != "", "USER_SERVICE_URL", "must be set")
	f.Check(c.OrderServiceURL != "", "ORDER_SERVICE_URL", "must be set")
	f.Check(c.AuthCacheTTL.Duration() <= auth.MaxCacheTTL, "AUTH_CACHE_TTL", "must be at most 5")
	f.Check(c.CacheTTL > 0, "CACHE_TTL", "must be above 0; CACHE_ENABLED=false does without the cache")
	f.Check(c.CacheMaxEntries > 0, "CACHE_MAX_ENTRIES", "must be at least 1")
	f.Check(c.ReservationTTL > 0, "RESERVATION_TTL", "must be above 0")
	return f.Err()
}

// settleInterval is how often expired reservations are looked for: often enough
// that they don't wait much longer than they have to.
func (c Config) settleInterval() time.Duration {
	const least, most = 50 * time.Millisecond, 5 * time.Second
	return min(max(c.ReservationTTL.Duration()/10, least), most)
}
