package notification

import (
	"context"
	"io"
	"time"

	"shop/kit/service"
	"shop/kit/telemetry"
	"shop/notification/adapters/gateway/push"
	"shop/notification/adapters/gateway/sms"
	"shop/notification/adapters/logchannel"
	"shop/notification/adapters/smtp"
	"shop/notification/adapters/tracing"
	"shop/notification/domain"
	"shop/notification/ports"
)

// channels are the ways of reaching people that are configured, and the log.
type channels struct {
	byName  map[domain.Channel]ports.Channel
	closers []service.Closer
}

// open returns the channels that cfg asks for, each of its calls a span.
func open(cfg Config, tel *telemetry.Telemetry, now func() time.Time) (channels, error) {
	c := channels{byName: map[domain.Channel]ports.Channel{}}
	add := func(name domain.Channel, channel ports.Channel) {
		c.byName[name] = tracing.NewChannel(name, channel, tel)
		if closing, ok := channel.(io.Closer); ok {
			c.closers = append(c.closers, service.Closer{
				Name: string(name), Close: func(context.Context) error { return closing.Close() },
			})
		}
	}
	add(domain.Log, logchannel.New(tel.Log))
	if cfg.SMTPHost != "" {
		email, err := smtp.New(cfg.smtp(), now)
		if err != nil {
			return channels{}, err
		}
		add(domain.Email, email)
	}
	if cfg.SMSURL != "" {
		text, err := sms.New(cfg.sms(), now)
		if err != nil {
			return channels{}, err
		}
		add(domain.SMS, text)
	}
	if cfg.PushURL != "" {
		hook, err := push.New(cfg.push(), now)
		if err != nil {
			return channels{}, err
		}
		add(domain.Push, hook)
	}
	return c, nil
}

// names lists the configured channels.
func (c channels) names() []domain.Channel {
	var names []domain.Channel
	for _, name := range domain.Channels() {
		if _, ok := c.byName[name]; ok {
			names = append(names, name)
		}
	}
	return names
}
