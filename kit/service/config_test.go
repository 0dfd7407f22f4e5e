package service_test

import (
	"errors"
	"testing"

	"shop/kit/config"
	"shop/kit/config/configtest"
)

func TestExampleOfTheSharedSettings(t *testing.T) {
	configtest.Example[settings](t, "testdata/env.example", config.Defaults(parrot{}.spec().Defaults))
}

func TestSettings(t *testing.T) {
	tests := map[string]struct {
		name, value string
		want        string // "" = fine.
	}{
		"as it is":                    {"DEBUG", "False", ""},
		"a port beyond the range":     {"PORT", "65536", "PORT=65536 must be from 0 to 65535"},
		"a negative port":             {"ADMIN_PORT", "-1", "ADMIN_PORT=-1 must be from 0 to 65535"},
		"no room for the admin port":  {"PORT", "65000", "ADMIN_PORT must be set, because PORT + 1000 is no port"},
		"level":                       {"LOG_LEVEL", "loud", "LOG_LEVEL=loud must be debug, info, warn or error"},
		"Python's level":              {"LOG_LEVEL", "WARNING", ""},
		"no concurrency":              {"MAX_CONCURRENCY", "0", "MAX_CONCURRENCY=0 must be at least 1"},
		"no time":                     {"REQUEST_TIMEOUT", "0", "REQUEST_TIMEOUT=0 must be above 0"},
		"less time to stop":           {"SHUTDOWN_TIMEOUT", "5", "SHUTDOWN_TIMEOUT=5 must be above REQUEST_TIMEOUT, or requests are cut off"},
		"unheard of proof":            {"INTERNAL_AUTH", "trust", "INTERNAL_AUTH=trust must be token or mesh"},
		"mesh on loopback":            {"INTERNAL_AUTH", "mesh", ""},
		"every address":               {"HOST", "0.0.0.0", ""},
		"origins":                     {"ALLOWED_ORIGINS", `["https://a.example"]`, ""},
		"fewer than no connections":   {"DATABASE_MAX_CONNS", "-1", "DATABASE_MAX_CONNS=-1 must be at least 1"},
		"no wait for a connection":    {"DATABASE_CONN_WAIT", "0", "DATABASE_CONN_WAIT=0 must be above 0"},
		"no end of a statement":       {"DATABASE_STATEMENT_TIMEOUT", "0", "DATABASE_STATEMENT_TIMEOUT=0 must be at least 0.001"},
		"no life of a connection":     {"DATABASE_CONN_LIFETIME", "0", "DATABASE_CONN_LIFETIME=0 must be above 0"},
		"authority of a file":         {"DATABASE_CA_FILE", "/ca.pem", "DATABASE_CA_FILE=/ca.pem needs PostgreSQL and no sslmode or sslrootcert in DATABASE_URL: keep one of the two"},
		"no rest of a connection":     {"DATABASE_CONN_IDLE_TIME", "0", "DATABASE_CONN_IDLE_TIME=0 must be above 0"},
		"a database of another maker": {"DATABASE_URL", "mysql://h/d", "DATABASE_URL=mysql://h/d must start with sqlite:/// or postgresql://"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parrot{}.spec().Load(config.Environ(map[string]string{tt.name: tt.value}))
			if got := text(err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("mesh beyond loopback", func(t *testing.T) {
		_, err := parrot{}.spec().Load(config.Environ(map[string]string{"INTERNAL_AUTH": "mesh", "HOST": "0.0.0.0"}))
		if got, want := text(err), "HOST=0.0.0.0 must be a loopback address with INTERNAL_AUTH=mesh: the sidecar is the one way in"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("all at once", func(t *testing.T) {
		_, err := parrot{}.spec().Load(config.Environ(map[string]string{"PORT": "x", "LOG_LEVEL": "x", "MAX_CONCURRENCY": "0"}))
		var faults config.Faults
		if !errors.As(err, &faults) || len(faults) != 3 {
			t.Errorf("got %v", err)
		}
	})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
