package memory_test

import (
	"context"
	"testing"
	"time"

	"shop/notification/adapters/channeltest"
	"shop/notification/adapters/memory"
	"shop/notification/domain"
)

func TestChannel(t *testing.T) {
	channeltest.Run(t, "an", func(*testing.T) channeltest.Rig {
		c := &memory.Channel{}
		answer := func(err error) { c.Answer(func(context.Context, domain.Message) error { return err }) }
		return channeltest.Rig{
			Channel: c,
			Received: func(*testing.T) (all []channeltest.Receipt) {
				for _, m := range c.Sent() {
					all = append(all, channeltest.Receipt{Identity: m.ID, Recipient: m.Recipient, Content: m.Short})
				}
				return all
			},
			Refuse:   func() { answer(domain.Rejected("no")) },
			Postpone: func() { answer(domain.Undelivered("not now", 0)) },
			AskFor:   func(pause time.Duration) { answer(domain.Undelivered("not now", pause)) },
			Hang: func() {
				c.Answer(func(ctx context.Context, _ domain.Message) error {
					<-ctx.Done()
					return domain.Undelivered("timeout", 0)
				})
			},
		}
	})
}
