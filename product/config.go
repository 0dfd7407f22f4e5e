package product

import (
	"net"
	"strconv"
	"time"

	"shop/kit/auth"
	"shop/kit/cache/redis"
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

	CacheEnabled    bool           `group:"Cache" env:"CACHE_ENABLED" envDefault:"true" unit:"True or False" doc:"Keep products that are read in a cache."`
	CacheTTL        config.Seconds `env:"CACHE_TTL" envDefault:"300" unit:"seconds" doc:"How long a product stays in the cache."`
	CacheMaxEntries int            `env:"CACHE_MAX_ENTRIES" envDefault:"10000" unit:"products" doc:"How many products the embedded cache keeps, those that are read most."`

	RedisHost             string         `env:"REDIS_HOST" unit:"host name" doc:"The Redis that all processes of this service share as their cache. Empty, and REDIS_ADDRS too, is the embedded cache: it is of this process alone, so run one process of this service with it."`
	RedisPort             int            `env:"REDIS_PORT" envDefault:"6379" unit:"port" doc:"Where Redis listens on REDIS_HOST."`
	RedisDB               int            `env:"REDIS_DB" envDefault:"0" unit:"number" doc:"The database of Redis; a cluster has 0 only."`
	RedisUsername         string         `env:"REDIS_USERNAME" doc:"Who logs in to Redis; empty is its default user."`
	RedisPassword         string         `env:"REDIS_PASSWORD" secret:"true" doc:"The password of that user."`
	RedisAddrs            config.List    `env:"REDIS_ADDRS" unit:"list of host:port with commas" doc:"In place of REDIS_HOST: two or more nodes of one Redis cluster, or with REDIS_MASTER_NAME its Sentinels."`
	RedisMasterName       string         `env:"REDIS_MASTER_NAME" doc:"The master that the Sentinels in REDIS_ADDRS watch."`
	RedisSentinelPassword string         `env:"REDIS_SENTINEL_PASSWORD" secret:"true" doc:"What the Sentinels themselves ask for."`
	RedisTLS              bool           `env:"REDIS_TLS" envDefault:"false" unit:"True or False" doc:"Encrypt connections to Redis."`
	RedisCAFile           string         `env:"REDIS_CA_FILE" unit:"path" doc:"The certificates (PEM) that prove Redis, in place of those of the system."`
	RedisTimeout          config.Seconds `env:"REDIS_TIMEOUT" envDefault:"0.2" unit:"seconds" doc:"How long one operation of Redis may take; then the database is asked."`
	RedisPoolSize         int            `env:"REDIS_POOL_SIZE" envDefault:"32" unit:"connections" doc:"How many connections to one Redis are open at most."`

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
	c.validateRedis(&f)
	f.Check(c.ReservationTTL > 0, "RESERVATION_TTL", "must be above 0")
	return f.Err()
}

func (c Config) validateRedis(f *config.Faults) {
	f.Check(c.RedisHost == "" || len(c.RedisAddrs) == 0, "REDIS_ADDRS", "must not be set together with REDIS_HOST; keep one of the two")
	f.Check(c.RedisPort > 0 && c.RedisPort <= maxPort, "REDIS_PORT", "must be from 1 to 65535")
	f.Check(c.RedisDB >= 0, "REDIS_DB", "must be 0 or more")
	f.Check(c.RedisDB == 0 || len(c.RedisAddrs) < 2 || c.RedisMasterName != "", "REDIS_DB", "must be 0 in a cluster")
	for _, addr := range c.RedisAddrs {
		host, port, err := net.SplitHostPort(addr)
		n, number := strconv.ParseUint(port, 10, 16)
		f.Check(err == nil && host != "" && number == nil && n > 0, "REDIS_ADDRS", "must be a list of host:port")
	}
	f.Check(c.RedisMasterName == "" || len(c.RedisAddrs) > 0, "REDIS_MASTER_NAME", "is known to the Sentinels in REDIS_ADDRS, which are not set")
	f.Check(c.RedisCAFile == "" || c.RedisTLS, "REDIS_CA_FILE", "is of no use without REDIS_TLS")
	f.Check(c.RedisTimeout > 0, "REDIS_TIMEOUT", "must be above 0")
	f.Check(c.RedisPoolSize > 0, "REDIS_POOL_SIZE", "must be at least 1")
}

// sharesCache reports whether the cache is one that other processes use too.
func (c Config) sharesCache() bool {
	return c.CacheEnabled && (c.RedisHost != "" || len(c.RedisAddrs) > 0)
}

// redis is the part of c that says where Redis is.
func (c Config) redis() redis.Config {
	addrs := []string(c.RedisAddrs)
	if len(addrs) == 0 {
		addrs = []string{net.JoinHostPort(c.RedisHost, strconv.Itoa(c.RedisPort))}
	}
	return redis.Config{
		Addrs: addrs, MasterName: c.RedisMasterName, DB: c.RedisDB,
		Username: c.RedisUsername, Password: c.RedisPassword, SentinelPassword: c.RedisSentinelPassword,
		TLS: c.RedisTLS, CAFile: c.RedisCAFile,
		ClientName: name, PoolSize: c.RedisPoolSize, Timeout: c.RedisTimeout.Duration(),
	}
}

const maxPort = 65535

// settleInterval is how often expired reservations are looked for: often enough
// that they don't wait much longer than they have to.
func (c Config) settleInterval() time.Duration {
	const least, most = 50 * time.Millisecond, 5 * time.Second
	return min(max(c.ReservationTTL.Duration()/10, least), most)
}
