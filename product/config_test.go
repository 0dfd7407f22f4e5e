package product_test

import (
	"errors"
	"strings"
	"testing"

	"shop/kit/config"
	"shop/kit/config/configtest"

	"shop/product"
)

func TestExample(t *testing.T) {
	configtest.Example[product.Config](t, ".env.example", config.Defaults(product.Spec().Defaults))
}

func TestDefaults(t *testing.T) {
	cfg, err := product.Spec().Load(config.Environ(nil))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Port != 8002 || cfg.AppName != "Product Service" || string(cfg.DatabaseURL) != "sqlite:///./data/product.db" ||
		cfg.CacheTTL.Duration().Seconds() != 300 || cfg.ReservationTTL.Duration().Seconds() != 60 || !cfg.CacheEnabled {
		t.Errorf("got %+v", cfg)
	}
}

// Redis is the shared cache where it is named, and only there.
func TestWhereRedisIs(t *testing.T) {
	for name, environment := range map[string]map[string]string{
		"one server":      {"REDIS_HOST": "redis", "REDIS_PORT": "6380", "REDIS_DB": "3", "REDIS_USERNAME": "product", "REDIS_PASSWORD": "secret"},
		"a cluster":       {"REDIS_ADDRS": "a:6379, b:6379", "REDIS_TLS": "True", "REDIS_CA_FILE": "/etc/ca.pem"},
		"Sentinels":       {"REDIS_ADDRS": "a:26379,b:26379,[::1]:26379", "REDIS_MASTER_NAME": "main", "REDIS_DB": "3", "REDIS_SENTINEL_PASSWORD": "x"},
		"one of Sentinel": {"REDIS_ADDRS": "a:26379", "REDIS_MASTER_NAME": "main"},
	} {
		if _, err := product.Spec().Load(config.Environ(environment)); err != nil {
			t.Errorf("%s:\n%v", name, err)
		}
	}
	for _, tt := range []struct {
		fault       string
		environment map[string]string
	}{
		{"REDIS_ADDRS", map[string]string{"REDIS_HOST": "redis", "REDIS_ADDRS": "a:6379"}},
		{"REDIS_ADDRS", map[string]string{"REDIS_ADDRS": "a"}},
		{"REDIS_ADDRS", map[string]string{"REDIS_ADDRS": "a:6379,:6379"}},
		{"REDIS_ADDRS", map[string]string{"REDIS_ADDRS": "a:0"}},
		{"REDIS_PORT", map[string]string{"REDIS_PORT": "0"}},
		{"REDIS_PORT", map[string]string{"REDIS_PORT": "65536"}},
		{"REDIS_DB", map[string]string{"REDIS_DB": "-1"}},
		{"REDIS_DB", map[string]string{"REDIS_ADDRS": "a:6379,b:6379", "REDIS_DB": "1"}},
		{"REDIS_MASTER_NAME", map[string]string{"REDIS_MASTER_NAME": "main"}},
		{"REDIS_CA_FILE", map[string]string{"REDIS_CA_FILE": "/etc/ca.pem"}},
		{"REDIS_TIMEOUT", map[string]string{"REDIS_TIMEOUT": "0"}},
		{"REDIS_POOL_SIZE", map[string]string{"REDIS_POOL_SIZE": "0"}},
	} {
		_, err := product.Spec().Load(config.Environ(tt.environment))
		var faults config.Faults
		if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Variable != tt.fault {
			t.Errorf("%v: got %v, want a fault of %s", tt.environment, err, tt.fault)
		}
	}
}

// Every fault is told at once, each with its variable.
func TestFaults(t *testing.T) {
	_, err := product.Spec().Load(config.Environ(map[string]string{
		"PORT": "70000", "USER_SERVICE_URL": "user:8001", "ORDER_SERVICE_URL": "ftp://order", "AUTH_CACHE_TTL": "6",
		"CACHE_TTL": "0", "CACHE_MAX_ENTRIES": "0", "CACHE_ENABLED": "perhaps", "RESERVATION_TTL": "-1", "DATABASE_URL": "mysql://x",
	}))
	var faults config.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("got %v", err)
	}
	for _, variable := range []string{
		"PORT", "USER_SERVICE_URL", "ORDER_SERVICE_URL", "AUTH_CACHE_TTL", "CACHE_TTL", "CACHE_MAX_ENTRIES", "CACHE_ENABLED",
		"RESERVATION_TTL", "DATABASE_URL",
	} {
		if !strings.Contains(err.Error(), variable+"=") {
			t.Errorf("%s is not among the faults:\n%v", variable, err)
		}
	}
}
