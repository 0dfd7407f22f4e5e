package local

import (
	"context"
	"maps"
	"net"
	"path/filepath"
	"strconv"

	"shop/kit/config"
	"shop/kit/service"
)

// settings makes each service's environment.
type settings struct {
	options Options
	secrets map[string]string
	doors   []*door
}

// of returns the environment of the n-th service: that of the process, so that
// SMTP_HOST or OTEL_* work here as everywhere, with what the shop decides over
// it.
func (s settings) of(n int) map[string]string {
	environ := maps.Clone(s.options.Environ)
	if environ == nil {
		environ = map[string]string{}
	}
	for _, name := range []string{"APP_NAME", "HOST", "ADMIN_HOST", "INTERNAL_AUTH", "BUS_FILE"} {
		delete(environ, name)
	}
	name := s.doors[n].name
	decided := map[string]string{
		"HOST":         s.options.Host,
		"PORT":         port(s.doors[n].public),
		"ADMIN_PORT":   port(s.doors[n].admin),
		"DATABASE_URL": "sqlite:///" + filepath.Join(s.options.Data, name+".db"),
	}
	for i, service := range []string{"USER_SERVICE_URL", "PRODUCT_SERVICE_URL", "ORDER_SERVICE_URL"} {
		decided[service] = "http://" + reachable(s.doors[i].public)
	}
	maps.Copy(decided, s.secrets)
	for key, value := range decided {
		delete(environ, key+"_FILE")
		environ[key] = value
	}
	return environ
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
func add[C service.Settings](ctx context.Context, s *Shop, n int, spec service.Spec[C], set settings) error {
	cfg, err := config.Load[C](config.Defaults(spec.Defaults), config.Environ(set.of(n)))
	if err != nil {
		return err
	}
	instance, err := spec.Build(ctx, cfg, service.Parts{
		Bus: s.bus, Listener: s.doors[n].public, Admin: s.doors[n].admin, LogWriter: set.options.Log,
	})
	if err != nil {
		return err
	}
	s.instances = append(s.instances, instance)
	return nil
}
