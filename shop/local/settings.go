package local

import (
	"context"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"shop/kit/config"
	"shop/kit/service"
)

// undecided are settings that a shop does not take from the environment, where
// they may be those of a single service.
var undecided = []string{
	"APP_NAME", "HOST", "ADMIN_HOST", "INTERNAL_AUTH", "BUS_FILE",
	"REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_ADDRS", "REDIS_MASTER_NAME", "REDIS_SENTINEL_PASSWORD",
	"REDIS_TLS",
	"RABBITMQ_HOST", "RABBITMQ_PORT", "RABBITMQ_USER", "RABBITMQ_PASSWORD", "RABBITMQ_VHOST", "RABBITMQ_TLS",
}

// Settings returns the environment of a service: that of the process, so that
// SMTP_HOST or OTEL_* work here as everywhere, with what the shop decides over it,
// and over all own, which is the service's own.
func (h *Home) Settings(service string, own map[string]string) map[string]string {
	environ := maps.Clone(h.o.Environ)
	if environ == nil {
		environ = map[string]string{}
	}
	for _, name := range undecided {
		delete(environ, name)
		delete(environ, name+"_FILE")
	}
	decided := map[string]string{"DATABASE_URL": h.databaseURL(service)}
	maps.Copy(decided, redisSettings(h.using.Redis))
	maps.Copy(decided, rabbitSettings(h.using.RabbitMQ))
	maps.Copy(decided, h.secrets)
	maps.Copy(decided, own)
	for key, value := range decided {
		delete(environ, key+"_FILE")
		environ[key] = value
	}
	return environ
}

func (h *Home) databaseURL(service string) string {
	if h.using.Postgres == nil {
		return "sqlite:///" + filepath.Join(h.o.Data, service+".db")
	}
	return database(h.using.Postgres, service)
}

// redisSettings returns the settings of a service that uses the Redis at u; nil
// is none.
func redisSettings(u *url.URL) map[string]string {
	if u == nil {
		return nil
	}
	set := map[string]string{"REDIS_HOST": u.Hostname(), "REDIS_DB": strings.Trim(u.Path, "/"), "REDIS_USERNAME": u.User.Username()}
	set["REDIS_PASSWORD"], _ = u.User.Password()
	return server(set, "REDIS", u.Port(), u.Scheme == "rediss")
}

// rabbitSettings returns the settings of a service that uses the RabbitMQ at u;
// nil is none. The path of an AMQP URL is the virtual host, percent-encoded.
func rabbitSettings(u *url.URL) map[string]string {
	if u == nil {
		return nil
	}
	who := u.User
	if who == nil {
		who = url.UserPassword("guest", "guest") // RabbitMQ's own.
	}
	set := map[string]string{"RABBITMQ_HOST": u.Hostname(), "RABBITMQ_USER": who.Username(), "RABBITMQ_VHOST": strings.TrimPrefix(u.Path, "/")}
	set["RABBITMQ_PASSWORD"], _ = who.Password()
	return server(set, "RABBITMQ", u.Port(), u.Scheme == "amqps")
}

// server adds port and TLS to the settings of an engine and takes out those that
// the address leaves to the default.
func server(set map[string]string, prefix, port string, tls bool) map[string]string {
	set[prefix+"_PORT"] = port
	if tls {
		set[prefix+"_TLS"] = "True"
	}
	maps.DeleteFunc(set, func(_, value string) bool { return value == "" })
	return set
}

// reachable returns where this machine reaches l, also when l listens on every
// address.
func reachable(l net.Listener) string {
	tcp, ok := l.Addr().(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return l.Addr().String()
}

func port(l net.Listener) string {
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		return strconv.Itoa(tcp.Port)
	}
	return "0"
}

// add builds the n-th service on its door.
func add[C service.Settings](ctx context.Context, s *Shop, n int, spec service.Spec[C], o Options) error {
	own := map[string]string{"HOST": o.Host, "PORT": port(s.doors[n].public), "ADMIN_PORT": port(s.doors[n].admin)}
	for i, service := range []string{"USER_SERVICE_URL", "PRODUCT_SERVICE_URL", "ORDER_SERVICE_URL"} {
		own[service] = "http://" + reachable(s.doors[i].public)
	}
	cfg, err := config.Load[C](config.Defaults(spec.Defaults), config.Environ(s.home.Settings(Names[n], own)))
	if err != nil {
		return err
	}
	instance, err := spec.Build(ctx, cfg, service.Parts{
		Bus: s.bus, Listener: s.doors[n].public, Admin: s.doors[n].admin, LogWriter: o.Log,
	})
	if err != nil {
		return err
	}
	s.instances = append(s.instances, instance)
	return nil
}
