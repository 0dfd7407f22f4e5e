//go:build linux || darwin

// Package faults makes incidents in a shop of this machine, and heals them.
package faults

import (
	"context"

	"shop/kit/testkit/engine"
	"shop/shop/control"
	"shop/shop/local"
	"shop/shop/observe"
	"shop/shop/operator"
	"shop/shop/pods"
)

// Of returns what can be made to fail in a shop with private engines. The relay of
// its outbox is held at admin.
func Of(shop *pods.Shop, stack *observe.Stack, admin operator.Admin) map[string]control.Begin {
	faults := map[string]control.Begin{
		control.UserSlow:          shop.Slow("user"),
		control.ProductFails:      shop.Unready("product"),
		control.SidecarKilled:     shop.KillSidecar("order"),
		control.CertificateBroken: shop.BreakCertificate("product", "order"),
		control.OutboxHeld:        held(admin),
		control.GatewayDown:       gone(stack.Gateway()),
	}
	home := shop.Home()
	using := home.Using()
	if broker := home.Private(local.RabbitMQ); broker != nil {
		faults[control.BrokerDown] = down(broker)
		faults[control.PoisonMessage] = poison(using.RabbitMQ.String())
	}
	if redis := home.Private(local.Redis); redis != nil {
		faults[control.RedisHangs] = hangs(redis)
		faults[control.CacheEmptied] = emptied(using.Redis.String())
	}
	if postgres := home.Private(local.Postgres); postgres != nil {
		faults[control.PostgresDown] = down(postgres)
	}
	return faults
}

// down stops an engine in order, and starts it again.
func down(s *engine.Server) control.Begin {
	return func(ctx context.Context) (func(context.Context) error, error) {
		if err := s.Stop(ctx); err != nil {
			return nil, err
		}
		return s.Start, nil
	}
}

// hangs lets an engine keep its connections and say nothing.
func hangs(s *engine.Server) control.Begin {
	return func(context.Context) (func(context.Context) error, error) {
		if err := s.Pause(); err != nil {
			return nil, err
		}
		return func(context.Context) error { return s.Resume() }, nil
	}
}

// held keeps the outbox's events where they are.
func held(admin operator.Admin) control.Begin {
	return func(ctx context.Context) (func(context.Context) error, error) {
		if err := admin.HoldRelay(ctx, true); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error { return admin.HoldRelay(ctx, false) }, nil
	}
}

// gone takes the gateway away.
func gone(g *observe.Gateway) control.Begin {
	return func(context.Context) (func(context.Context) error, error) {
		if err := g.Close(); err != nil {
			return nil, err
		}
		return g.Open, nil
	}
}
