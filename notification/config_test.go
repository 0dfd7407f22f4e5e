package notification_test

import (
	"errors"
	"strings"
	"testing"

	"shop/kit/config"
	"shop/kit/config/configtest"
	"shop/notification"
)

func TestExampleSettings(t *testing.T) {
	configtest.Example[notification.Config](t, ".env.example", config.Defaults(notification.Spec().Defaults))
}

func TestSettings(t *testing.T) {
	email := map[string]string{"SMTP_HOST": "mail.example.com", "SMTP_FROM": "Shop <no-reply@example.com>"}
	tests := map[string]struct {
		environment map[string]string
		faults      []string // Variables; none: the settings are right.
	}{
		"nothing set":                   {nil, nil},
		"e-mail":                        {email, nil},
		"e-mail with a login":           {with(email, "SMTP_USERNAME", "shop"), nil},
		"e-mail without a sender":       {map[string]string{"SMTP_HOST": "mail.example.com"}, []string{"SMTP_FROM"}},
		"e-mail with two senders":       {with(email, "SMTP_FROM", "a@example.com, b@example.com"), []string{"SMTP_FROM"}},
		"a sender that starts a header": {with(email, "SMTP_FROM", "a@example.com\r\nBcc: b@example.com"), []string{"SMTP_FROM"}},
		"e-mail on no port":             {with(email, "SMTP_PORT", "70000"), []string{"SMTP_PORT"}},
		"a password in the clear":       {with(with(email, "SMTP_USERNAME", "shop"), "SMTP_TLS", "none"), []string{"SMTP_TLS"}},
		"an unknown encryption":         {map[string]string{"SMTP_TLS": "ssl"}, []string{"SMTP_TLS"}},
		"a gateway that is none":        {map[string]string{"SMS_URL": "gateway"}, []string{"SMS_URL"}},
		"a gateway with a key in it":    {map[string]string{"SMS_URL": "https://gateway.example.com/send?key=s3cret"}, nil},
		"a webhook that is none":        {map[string]string{"PUSH_URL": "ftp://push.example.com"}, []string{"PUSH_URL"}},
		"a webhook with a secret":       {map[string]string{"PUSH_URL": "https://push.example.com", "PUSH_SECRET": "whsec_c2VjcmV0"}, nil},
		"a webhook's secret that is none": {
			map[string]string{"PUSH_URL": "https://push.example.com", "PUSH_SECRET": "***"}, []string{"PUSH_SECRET"},
		},
		"everything wrong at once": {
			map[string]string{
				"AUTH_CACHE_TTL": "6", "NOTIFY_ATTEMPTS": "0", "NOTIFY_RETRY_FIRST": "0", "NOTIFY_SEND_TIMEOUT": "0",
				"NOTIFY_PARALLEL": "0", "USER_SERVICE_URL": "user", "SMTP_PORT": "many",
			},
			[]string{
				"USER_SERVICE_URL", "AUTH_CACHE_TTL", "SMTP_PORT", "NOTIFY_ATTEMPTS", "NOTIFY_RETRY_FIRST", "NOTIFY_SEND_TIMEOUT",
				"NOTIFY_PARALLEL",
			},
		},
		"pauses that shrink": {map[string]string{"NOTIFY_RETRY_FIRST": "10", "NOTIFY_RETRY_LONGEST": "5"}, []string{"NOTIFY_RETRY_LONGEST"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := notification.Spec().Load(config.Environ(tt.environment))
			var faults config.Faults
			if err != nil && !errors.As(err, &faults) {
				t.Fatal(err)
			}
			var got []string
			for _, f := range faults {
				got = append(got, f.Variable)
			}
			if strings.Join(got, " ") != strings.Join(tt.faults, " ") {
				t.Errorf("faults: got %v, want %v\n%v", got, tt.faults, err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a secret is told: %v", err)
			}
		})
	}
}

func with(settings map[string]string, name, value string) map[string]string {
	all := map[string]string{name: value}
	for k, v := range settings {
		if k != name {
			all[k] = v
		}
	}
	return all
}
