package order

import (
	"shop/kit/auth"
	"shop/kit/config"
	"shop/kit/service"
)

// Config is every setting of the service.
type Config struct {
	service.Config
	service.BusConfig

	UserServiceURL    config.URL     `group:"Other services" env:"USER_SERVICE_URL" envDefault:"http://localhost:8001" unit:"URL" doc:"The user service, which is asked whose a token is."`
	ProductServiceURL config.URL     `env:"PRODUCT_SERVICE_URL" envDefault:"http://localhost:8002" unit:"URL" doc:"The product service, which sets the ordered pieces aside."`
	AuthCacheTTL      config.Seconds `env:"AUTH_CACHE_TTL" envDefault:"0" unit:"seconds, at most 5" doc:"How long a valid token is believed without asking again; a revoked one works for as long. 0 asks for every request."`
}

// defaults are those of the settings that all services share.
func defaults() map[string]string {
	return map[string]string{
		"APP_NAME":     "Order Service",
		"PORT":         "8003",
		"DATABASE_URL": "sqlite:///./data/order.db",

		"RABBITMQ_EXCHANGE":    "order_events",
		"RABBITMQ_QUEUE":       "order_notifications",
		"RABBITMQ_ROUTING_KEY": "order.created",
	}
}

// Validate implements config.Validator.
func (c Config) Validate() error {
	var f config.Faults
	f.Check(c.UserServiceURL != "", "USER_SERVICE_URL", "must be set")
	f.Check(c.ProductServiceURL != "", "PRODUCT_SERVICE_URL", "must be set")
	f.Check(c.AuthCacheTTL.Duration() <= auth.MaxCacheTTL, "AUTH_CACHE_TTL", "must be at most 5")
	return f.Err()
}
