package notification

import (
	"net/mail"
	"time"

	"shop/kit/auth"
	"shop/kit/config"
	"shop/kit/service"
	"shop/notification/adapters/gateway/push"
	"shop/notification/adapters/gateway/sms"
	"shop/notification/adapters/smtp"
	"shop/notification/app"
	"shop/notification/domain"
)

// Config is every setting of the service.
type Config struct {
	service.Config
	service.BusConfig

	UserServiceURL config.URL     `group:"Other services" env:"USER_SERVICE_URL" envDefault:"http://localhost:8001" unit:"URL" doc:"The user service, which is asked whose a token is and how users are reached."`
	AuthCacheTTL   config.Seconds `env:"AUTH_CACHE_TTL" envDefault:"0" unit:"seconds, at most 5" doc:"How long a valid token is believed without asking again; a revoked one works for as long. 0 asks for every request."`

	SMTPHost     string `group:"E-mail" env:"SMTP_HOST" unit:"host name" doc:"The mail server. Empty: nobody is told by e-mail."`
	SMTPPort     int    `env:"SMTP_PORT" envDefault:"587" unit:"port" doc:"The port of the mail server: 587 with starttls, 465 with tls, 25 with none."`
	SMTPTLS      string `env:"SMTP_TLS" envDefault:"starttls" unit:"none, starttls or tls" doc:"How the connection to the mail server is encrypted."`
	SMTPUsername string `env:"SMTP_USERNAME" doc:"Who logs in at the mail server. Empty: it wants no login."`
	SMTPPassword string `env:"SMTP_PASSWORD" secret:"true" doc:"The password of SMTP_USERNAME."`
	SMTPFrom     string `env:"SMTP_FROM" unit:"e-mail address" example:"Shop <no-reply@example.com>" doc:"The sender of e-mail, an address or a name with an address."`

	SMSURL    string `group:"SMS" env:"SMS_URL" secret:"true" unit:"URL" doc:"The gateway for short messages, which gets POST {\"to\", \"text\", \"sender\"}. Empty: nobody is told by SMS."`
	SMSToken  string `env:"SMS_TOKEN" secret:"true" doc:"Shown to the gateway as a bearer token. Empty: it wants none."`
	SMSSender string `env:"SMS_SENDER" doc:"The name or number that short messages come from. Empty: the gateway's own."`

	PushURL    string `group:"Push" env:"PUSH_URL" secret:"true" unit:"URL" doc:"The webhook for push messages, which gets the push token of a user. Empty: nobody is told by push message."`
	PushToken  string `env:"PUSH_TOKEN" secret:"true" doc:"Shown to the webhook as a bearer token. Empty: it wants none."`
	PushSecret string `env:"PUSH_SECRET" secret:"true" unit:"whsec_ and base64" doc:"Signs push messages as Standard Webhooks wants it. Empty: they are not signed."`

	Currency     string         `group:"Delivery" env:"NOTIFY_CURRENCY" envDefault:"₫" doc:"What is written after amounts of money in messages."`
	Attempts     int            `env:"NOTIFY_ATTEMPTS" envDefault:"8" unit:"attempts" doc:"How often a delivery is tried before the notification ends as failed."`
	RetryFirst   config.Seconds `env:"NOTIFY_RETRY_FIRST" envDefault:"1" unit:"seconds" doc:"The pause after the first failed attempt; each further one is four times as long."`
	RetryLongest config.Seconds `env:"NOTIFY_RETRY_LONGEST" envDefault:"3600" unit:"seconds" doc:"No pause is longer, whatever a receiver asks for."`
	SendTimeout  config.Seconds `env:"NOTIFY_SEND_TIMEOUT" envDefault:"10" unit:"seconds" doc:"How long one attempt may take."`
	Parallel     int            `env:"NOTIFY_PARALLEL" envDefault:"8" unit:"messages at a time" doc:"How many messages each channel sends at once; the log takes more."`
}

// defaults are those of the settings that all services share.
func defaults() map[string]string {
	return map[string]string{
		"APP_NAME":     "Notification Service",
		"PORT":         "8004",
		"DATABASE_URL": "sqlite:///./data/notification.db",

		"RABBITMQ_EXCHANGE":    "order_events",
		"RABBITMQ_QUEUE":       "order_notifications",
		"RABBITMQ_ROUTING_KEY": "order.created",
	}
}

// Validate implements config.Validator.
func (c Config) Validate() error {
	var f config.Faults
	f.Check(c.UserServiceURL != "", "USER_SERVICE_URL", "must be set")
	f.Check(c.AuthCacheTTL.Duration() <= auth.MaxCacheTTL, "AUTH_CACHE_TTL", "must be at most 5")
	c.validateChannels(&f)
	f.Check(c.Attempts >= 1, "NOTIFY_ATTEMPTS", "must be at least 1")
	f.Check(c.RetryFirst > 0, "NOTIFY_RETRY_FIRST", "must be above 0")
	f.Check(c.RetryLongest >= c.RetryFirst, "NOTIFY_RETRY_LONGEST", "must be at least NOTIFY_RETRY_FIRST")
	f.Check(c.SendTimeout > 0, "NOTIFY_SEND_TIMEOUT", "must be above 0")
	f.Check(c.Parallel >= 1 && c.Parallel <= maxParallel, "NOTIFY_PARALLEL", "must be from 1 to 256")
	return f.Err()
}

const maxParallel = 256

func (c Config) validateChannels(f *config.Faults) {
	f.Check(c.SMTPTLS == smtp.NoTLS || c.SMTPTLS == smtp.StartTLS || c.SMTPTLS == smtp.TLS,
		"SMTP_TLS", "must be none, starttls or tls")
	if c.SMTPHost != "" {
		f.Check(c.SMTPPort > 0 && c.SMTPPort <= 65535, "SMTP_PORT", "must be from 1 to 65535")
		_, err := mail.ParseAddress(c.SMTPFrom)
		f.Check(err == nil, "SMTP_FROM", "must be an address such as Shop <no-reply@example.com>, because SMTP_HOST is set")
		f.Check(c.SMTPUsername == "" || c.SMTPTLS != smtp.NoTLS, "SMTP_TLS",
			"must be starttls or tls with SMTP_USERNAME: passwords don't travel in the clear")
	}
	if c.SMSURL != "" {
		_, err := sms.New(c.sms(), time.Now)
		f.Check(err == nil, "SMS_URL", "must be a URL such as https://gateway.example.com/messages")
	}
	if c.PushURL != "" {
		_, err := push.New(push.Config{URL: c.PushURL}, time.Now)
		f.Check(err == nil, "PUSH_URL", "must be a URL such as https://push.example.com/hook")
		_, err = push.New(push.Config{URL: "https://push.example.com", Secret: c.PushSecret}, time.Now)
		f.Check(err == nil, "PUSH_SECRET", "must be whsec_ and base64")
	}
}

func (c Config) smtp() smtp.Config {
	return smtp.Config{
		Host: c.SMTPHost, Port: c.SMTPPort, Username: c.SMTPUsername, Password: c.SMTPPassword, From: c.SMTPFrom, TLS: c.SMTPTLS,
	}
}

func (c Config) sms() sms.Config {
	return sms.Config{URL: c.SMSURL, Token: c.SMSToken, Sender: c.SMSSender}
}

func (c Config) push() push.Config {
	return push.Config{URL: c.PushURL, Token: c.PushToken, Secret: c.PushSecret}
}

func (c Config) policy() domain.Policy {
	return domain.Policy{Attempts: c.Attempts, First: c.RetryFirst.Duration(), Longest: c.RetryLongest.Duration()}
}

// limits: what fell due is looked for often enough that pauses are not much
// longer than they have to be.
func (c Config) limits() app.Limits {
	const (
		settle   = 5 * time.Second
		grace    = 4 * time.Second // Well within SHUTDOWN_TIMEOUT.
		oftenest = 10 * time.Millisecond
		seldom   = time.Second
	)
	return app.Limits{
		Parallel: c.Parallel,
		Attempt:  c.SendTimeout.Duration(),
		Settle:   settle,
		Grace:    grace,
		Poll:     min(max(c.RetryFirst.Duration()/4, oftenest), seldom),
	}
}
