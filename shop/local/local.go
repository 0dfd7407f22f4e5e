// Package local runs the whole shop in one process: the four services, each
// with its own database, the bus between them, and real HTTP from one to the
// other on loopback. All of it is embedded unless engines are given. It is the
// same code as the four binaries run; only the settings are made here.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"

	"shop/kit/event"
	"shop/kit/event/bus/sqlite"
	"shop/kit/service"
	"shop/kit/telemetry"
	"shop/notification"
	"shop/observability"
	"shop/order"
	"shop/product"
	"shop/shop/operator"
	"shop/shop/rest"
	"shop/user"
)

// Options say where the shop lives.
type Options struct {
	Data     string    // Directory of its files; it is made when missing.
	Host     string    // Address to listen on.
	BasePort int       // Of user; the others follow. 0 = any free ports.
	Log      io.Writer // Where all services log to.
	Environ  map[string]string
	Engines  Engines
}

// Shop is a shop that is built: its ports are taken, nothing answers yet.
type Shop struct {
	instances []*service.Instance
	doors     []*door
	home      *Home
	bus       event.Bus // nil = each service opens its own to RabbitMQ.
	tel       *telemetry.Telemetry
}

// door is a service's two listeners before it is built.
type door struct{ public, admin net.Listener }

// Names are the services, in the order of their ports.
var Names = []string{"user", "product", "order", "notification"}

// Build takes the ports, makes what is missing in the data directory (files,
// secrets, tables) and wires the services. Errors are one line a fault, and name
// the port, file, engine or setting; config.Faults are wrong settings.
func Build(ctx context.Context, o Options) (*Shop, error) {
	s := &Shop{}
	if err := s.build(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Shop) build(ctx context.Context, o Options) error {
	if err := s.listen(ctx, o); err != nil {
		return err
	}
	var err error
	if s.home, err = OpenHome(ctx, o); err != nil {
		return err
	}
	if err := s.openBus(ctx, o); err != nil {
		return err
	}
	return errors.Join(
		add(ctx, s, 0, user.Spec(), o),
		add(ctx, s, 1, product.Spec(), o),
		add(ctx, s, 2, order.Spec(), o),
		add(ctx, s, 3, notification.Spec(), o),
	)
}

// openBus opens the queue file that the services share, unless there is a broker.
func (s *Shop) openBus(ctx context.Context, o Options) (err error) {
	if s.home.using.RabbitMQ != nil {
		return nil
	}
	s.tel, err = telemetry.New(ctx, telemetry.Config{
		Service: "bus", Version: service.BuildVersion(), Revision: service.BuildRevision(), LogWriter: o.Log,
	})
	if err != nil {
		return err
	}
	s.bus, err = sqlite.Open(ctx, filepath.Join(o.Data, "bus.db"), order.Topology(), s.tel)
	if err != nil {
		return fmt.Errorf("open the bus: %w", err)
	}
	return nil
}

// listen takes all eight ports before anything else happens, so that a port in
// use changes nothing on disk.
func (s *Shop) listen(ctx context.Context, o Options) error {
	at := func(n int) string {
		if o.BasePort == 0 {
			return net.JoinHostPort(o.Host, "0")
		}
		return net.JoinHostPort(o.Host, strconv.Itoa(o.BasePort+n))
	}
	var failed []error
	for n := range Names {
		d := &door{}
		s.doors = append(s.doors, d)
		var err error
		if d.public, err = service.Listen(ctx, at(n)); err != nil {
			failed = append(failed, err)
		}
		adminAt := net.JoinHostPort("127.0.0.1", "0")
		if o.BasePort != 0 {
			adminAt = net.JoinHostPort("127.0.0.1", strconv.Itoa(o.BasePort+operator.PortDistance+n))
		}
		if d.admin, err = service.Listen(ctx, adminAt); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Run answers requests until ctx ends, then stops in order; see service.Run.
// ready is called when all four answer and have their broker, or have waited for
// it for a while.
func (s *Shop) Run(ctx context.Context, ready func()) error {
	err := service.Run(ctx, func() {
		if !s.home.Broken() {
			AwaitBroker(ctx, s.instances...)
		}
		ready()
	}, s.instances...)
	s.instances, s.doors = nil, nil
	return errors.Join(err, s.Close(context.WithoutCancel(ctx)))
}

// Close lets go of whatever Build has taken, of a shop that is not to Run.
func (s *Shop) Close(ctx context.Context) error {
	var failed []error
	for _, i := range s.instances {
		failed = append(failed, i.Close(ctx))
	}
	for _, d := range s.doors {
		for _, l := range []net.Listener{d.public, d.admin} {
			if l != nil {
				if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
					failed = append(failed, err)
				}
			}
		}
	}
	if s.bus != nil {
		failed = append(failed, s.bus.Close())
	}
	if s.tel != nil {
		failed = append(failed, s.tel.Shutdown(ctx))
	}
	if s.home != nil {
		failed = append(failed, s.home.Close(ctx))
	}
	return errors.Join(failed...)
}

// Public returns the services' doors as a client of this machine reaches them.
func (s *Shop) Public() rest.Shop {
	at := func(n int) rest.Client { return rest.Client{Base: s.instances[n].URL()} }
	return rest.Shop{User: at(0), Product: at(1), Order: at(2), Notification: at(3)}
}

// Admin returns the admin ports.
func (s *Shop) Admin() operator.Admin {
	at := func(n int) rest.Client { return rest.Client{Base: s.instances[n].AdminURL()} }
	return operator.Admin{Product: at(1), Order: at(2), Notification: at(3)}
}

// Home returns what the shop lives on.
func (s *Shop) Home() *Home { return s.home }

// Targets returns the pages of metrics of the services.
func (s *Shop) Targets() []observability.Target {
	var targets []observability.Target
	for _, d := range s.Doors() {
		targets = append(targets, observability.Target{Job: "shop", Service: d.Name, URL: d.AdminURL + "/metrics"})
	}
	return targets
}

// Engines returns the engines that the shop uses; none without flags.
func (s *Shop) Engines() []Engine { return s.home.Engines() }

// Door is where a service is.
type Door struct {
	Name, URL, AdminURL string
	Envoy               string // URL of the figures of its sidecar; "" = it has none.
}

// Doors returns the services in the order of their ports.
func (s *Shop) Doors() []Door {
	doors := make([]Door, len(s.instances))
	for n, i := range s.instances {
		doors[n] = Door{Name: i.Service.Name, URL: i.URL(), AdminURL: i.AdminURL()}
	}
	return doors
}
