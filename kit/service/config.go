package service

import (
	"net"
	"strconv"
	"time"

	"shop/kit/config"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
)

// Config is the settings that every service has; a service embeds it in its own.
type Config struct {
	AppName    string `group:"Service" env:"APP_NAME" doc:"The name that / and /health show."`
	AppVersion string `env:"APP_VERSION" auto:"the version of the build" doc:"The version that /, /health, metrics and traces show."`
	Debug      bool   `env:"DEBUG" envDefault:"false" unit:"True or False" doc:"Development mode: more in the log, example secrets are accepted. Never in production."`
	LogLevel   string `env:"LOG_LEVEL" envDefault:"info" unit:"debug, info, warn or error" doc:"The least severe log lines that are written."`

	Host      string `group:"Listening" env:"HOST" envDefault:"127.0.0.1" unit:"IP address or host name" doc:"Where clients connect; 0.0.0.0 is every address of this machine."`
	Port      int    `env:"PORT" unit:"port, 0 = any free one" doc:"Where clients connect."`
	AdminHost string `env:"ADMIN_HOST" envDefault:"127.0.0.1" unit:"IP address or host name" doc:"Where metrics and profiles are served; never let clients reach it."`
	AdminPort int    `env:"ADMIN_PORT" auto:"PORT + 1000" unit:"port" doc:"Where metrics and profiles are served."`

	AllowedOrigins config.List `env:"ALLOWED_ORIGINS" envDefault:"http://localhost:3000" unit:"list with commas, or JSON list" doc:"Web origins whose pages may call this service (CORS). * is any, then without credentials."`

	DatabaseURL    config.DatabaseURL `group:"Database" env:"DATABASE_URL" unit:"URL" doc:"sqlite:///./file.db or postgresql://user:password@host:5432/name."`
	DatabaseCAFile string             `env:"DATABASE_CA_FILE" unit:"path" doc:"The certificates (PEM) that PostgreSQL's must be signed by, with the name of DATABASE_URL in it. Empty: what sslmode in DATABASE_URL says."`

	DatabaseMaxConns         int            `env:"DATABASE_MAX_CONNS" auto:"16 with PostgreSQL, 4 that read and 1 that writes with SQLite" unit:"connections" doc:"How many connections to the database are open at most; all replicas together stay below max_connections of the server. Of SQLite those that read."`
	DatabaseConnWait         config.Seconds `env:"DATABASE_CONN_WAIT" envDefault:"3" unit:"seconds" doc:"How long a request waits for a free connection; then it is answered with 503."`
	DatabaseStatementTimeout config.Seconds `env:"DATABASE_STATEMENT_TIMEOUT" envDefault:"5" unit:"seconds" doc:"PostgreSQL gives up a statement that takes longer."`
	DatabaseConnLifetime     config.Seconds `env:"DATABASE_CONN_LIFETIME" envDefault:"1800" unit:"seconds" doc:"Connections to PostgreSQL are replaced when they are so old: they follow a host name that moves."`
	DatabaseConnIdleTime     config.Seconds `env:"DATABASE_CONN_IDLE_TIME" envDefault:"300" unit:"seconds" doc:"Connections to PostgreSQL that nobody used for so long are closed."`

	InternalAuth  string `group:"Service to service" env:"INTERNAL_AUTH" envDefault:"token" unit:"token or mesh" doc:"How other services prove themselves on internal routes: the token below, or the mesh's certificates."`
	InternalToken string `env:"INTERNAL_TOKEN" secret:"true" doc:"What other services send in X-Internal-Token; all services share it. Empty closes the internal routes."`

	MaxConcurrency  int            `group:"Limits" env:"MAX_CONCURRENCY" envDefault:"256" unit:"requests at a time" doc:"More are shed with 503 and Retry-After."`
	RequestTimeout  config.Seconds `env:"REQUEST_TIMEOUT" envDefault:"5" unit:"seconds" doc:"A request that takes longer is answered with 503."`
	ShutdownTimeout config.Seconds `env:"SHUTDOWN_TIMEOUT" envDefault:"9" unit:"seconds" doc:"How long a stop may take to finish what is in flight; docker stop waits 10."`
}

// Common returns c; embedding Config makes a struct a Settings.
func (c Config) Common() Config { return c }

// Settings is a service's own configuration: a struct that embeds Config.
type Settings interface{ Common() Config }

// Validate implements config.Validator. A struct that embeds Config may have a
// Validate of its own; both are asked.
func (c Config) Validate() error {
	var f config.Faults
	f.Check(c.AppName != "", "APP_NAME", "must be set")
	_, err := telemetry.ParseLevel(c.LogLevel)
	f.Check(err == nil, "LOG_LEVEL", "must be debug, info, warn or error")
	f.Check(c.Host != "", "HOST", "must be set")
	f.Check(isPort(c.Port), "PORT", "must be from 0 to 65535")
	f.Check(isPort(c.AdminPort), "ADMIN_PORT", "must be from 0 to 65535")
	f.Check(c.AdminPort != 0 || !isPort(c.Port) || isPort(c.adminPort()), "ADMIN_PORT", "must be set, because PORT + 1000 is no port")
	f.Check(c.DatabaseURL != "", "DATABASE_URL", "must be set")
	f.Check(c.DatabaseCAFile == "" || sqldb.TakesCA(string(c.DatabaseURL)), "DATABASE_CA_FILE",
		"needs PostgreSQL and no sslmode or sslrootcert in DATABASE_URL: keep one of the two")
	f.Check(c.DatabaseMaxConns >= 0, "DATABASE_MAX_CONNS", "must be at least 1")
	f.Check(c.DatabaseConnWait > 0, "DATABASE_CONN_WAIT", "must be above 0")
	f.Check(c.DatabaseStatementTimeout >= leastStatementTimeout, "DATABASE_STATEMENT_TIMEOUT", "must be at least 0.001")
	f.Check(c.DatabaseConnLifetime > 0, "DATABASE_CONN_LIFETIME", "must be above 0")
	f.Check(c.DatabaseConnIdleTime > 0, "DATABASE_CONN_IDLE_TIME", "must be above 0")
	f.Check(c.InternalAuth == "token" || c.InternalAuth == "mesh", "INTERNAL_AUTH", "must be token or mesh")
	f.Check(c.InternalAuth != "mesh" || isLoopback(c.Host), "HOST",
		"must be a loopback address with INTERNAL_AUTH=mesh: the sidecar is the one way in")
	f.Check(c.MaxConcurrency > 0, "MAX_CONCURRENCY", "must be at least 1")
	f.Check(c.RequestTimeout > 0, "REQUEST_TIMEOUT", "must be above 0")
	f.Check(c.ShutdownTimeout > c.RequestTimeout, "SHUTDOWN_TIMEOUT", "must be above REQUEST_TIMEOUT, or requests are cut off")
	return f.Err()
}

// Version is what the service says about itself: APP_VERSION or that of the
// build.
func (c Config) Version() string {
	if c.AppVersion != "" {
		return c.AppVersion
	}
	return BuildVersion()
}

func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }
func (c Config) adminAddress() string {
	return net.JoinHostPort(c.AdminHost, strconv.Itoa(c.adminPort()))
}

// adminPort is ADMIN_PORT or PORT + 1000; any free one when PORT is.
func (c Config) adminPort() int {
	const distance = 1000
	if c.AdminPort != 0 || c.Port == 0 {
		return c.AdminPort
	}
	return c.Port + distance
}

// leastStatementTimeout is PostgreSQL's unit; 0 would mean no timeout at all.
const leastStatementTimeout = config.Seconds(time.Millisecond)

func (c Config) database(tel *telemetry.Telemetry) sqldb.Options {
	return sqldb.Options{
		Tel:              tel,
		CAFile:           c.DatabaseCAFile,
		MaxConns:         c.DatabaseMaxConns,
		ConnWait:         c.DatabaseConnWait.Duration(),
		StatementTimeout: c.DatabaseStatementTimeout.Duration(),
		ConnLifetime:     c.DatabaseConnLifetime.Duration(),
		ConnIdleTime:     c.DatabaseConnIdleTime.Duration(),
	}
}

func (c Config) shutdownTimeout() time.Duration { return c.ShutdownTimeout.Duration() }

func isPort(n int) bool { return n >= 0 && n <= 65535 }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
