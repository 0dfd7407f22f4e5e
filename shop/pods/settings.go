//go:build linux || darwin

package pods

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"time"

	"shop/kit/config"
	"shop/kit/service"
	"shop/notification"
	"shop/order"
	"shop/product"
	"shop/shop/local"
	"shop/user"
)

// settings are what a service is started with.
type settings struct {
	environ map[string]string
	stop    time.Duration // How long it may take to end.
}

// configure makes the settings of all services and checks them.
func (s *Shop) configure() error {
	s.settings = map[string]settings{}
	return errors.Join(
		add(s, 0, user.Spec()),
		add(s, 1, product.Spec()),
		add(s, 2, order.Spec()),
		add(s, 3, notification.Spec()),
	)
}

func add[C service.Settings](s *Shop, n int, spec service.Spec[C]) error {
	name := local.Names[n]
	at := s.places[name]
	host, port, err := net.SplitHostPort(at.App)
	if err != nil {
		return err
	}
	_, adminPort, err := net.SplitHostPort(s.admin(n))
	if err != nil {
		return err
	}
	own := map[string]string{
		"HOST": host, "PORT": port, "ADMIN_PORT": adminPort, "INTERNAL_AUTH": "mesh",
		"BUS_FILE": filepath.Join(s.o.Data, "bus.db"),
	}
	for callee, address := range at.Egress {
		own[strings.ToUpper(callee)+"_SERVICE_URL"] = "http://" + address
	}
	environ := s.home.Settings(name, own)
	// Who a caller is the certificates say, and one service only signs tokens.
	delete(environ, "INTERNAL_TOKEN")
	if name != "user" {
		delete(environ, "SECRET_KEY")
	}
	cfg, err := load(spec, environ)
	if err != nil {
		return err
	}
	s.settings[name] = settings{environ, cfg.Common().ShutdownTimeout.Duration() + margin}
	return nil
}

// margin is what a service's process may take beyond the service itself.
const margin = 3 * time.Second

func load[C service.Settings](spec service.Spec[C], environ map[string]string) (C, error) {
	return config.Load[C](config.Defaults(spec.Defaults), config.Environ(environ))
}

// collector returns the host:port at which Envoys find the collector that the
// services export to; "" where that is none that speaks gRPC, as Envoy does.
func collector(environ map[string]string) string {
	protocol := environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"]
	if protocol == "" {
		protocol = environ["OTEL_EXPORTER_OTLP_PROTOCOL"]
	}
	endpoint, plain := strings.CutPrefix(environ["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://")
	if protocol != "grpc" || !plain {
		return ""
	}
	return strings.TrimSuffix(endpoint, "/")
}
