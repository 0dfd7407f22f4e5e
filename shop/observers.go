package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"shop/shop/control"
	"shop/shop/local"
	"shop/shop/observe"
	"shop/shop/operator"
)

// observers are what --observe runs beside a shop: the stack that looks at it, and
// the socket by which drills make incidents.
type observers struct {
	stack  *observe.Stack
	socket *control.Server
	dir    string
	at     *address
}

func newObservers(dir string, at *address, factor float64) (*observers, error) {
	stack, err := observe.New(observe.Options{Dir: filepath.Join(dir, "observe"), BasePort: at.basePort, Factor: factor})
	return &observers{stack: stack, dir: dir, at: at}, err
}

// start starts both. The shop is to run for as long as runs does, which ends after
// ctx, when what a drill has broken is healed.
func (o *observers) start(ctx context.Context, shop running) (runs context.Context, err error) {
	using := shop.Home().Using()
	of := observe.Observed{Targets: shop.Targets(), Postgres: using.Postgres, Redis: using.Redis}
	if broker := shop.Home().Private(local.RabbitMQ); broker != nil {
		of.RabbitMQ = broker.MetricsAddr()
	}
	if err := o.stack.Start(ctx, of); err != nil {
		return nil, err
	}
	about := control.About{
		Host: o.at.host, BasePort: o.at.basePort, Prometheus: o.stack.Prometheus(), Jaeger: o.stack.Jaeger(), Factor: o.stack.Factor(),
	}
	admin := operator.At("127.0.0.1", o.at.basePort+operator.PortDistance)
	if o.socket, err = control.Listen(ctx, o.dir, about, faultsOf(shop, o.stack, admin)); err != nil {
		return nil, errors.Join(err, o.stack.Stop(context.WithoutCancel(ctx)))
	}
	runs, end := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		defer end()
		_ = o.socket.Close() // What could not be healed ends with the shop.
	})
	return runs, nil
}

// stop ends both.
func (o *observers) stop(ctx context.Context) error {
	_ = o.socket.Close() // As above; it may be closed already.
	return o.stack.Stop(ctx)
}

func (o *observers) announce(out io.Writer) {
	fmt.Fprintf(out, "\n  Prometheus %s, alerts %s/alerts\n  Jaeger     %s\n", o.stack.Prometheus(), o.stack.Prometheus(), o.stack.Jaeger())
	fmt.Fprintf(out, "  incidents on purpose: go run ./shop drill --list --data %s\n", o.dir)
}
