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
