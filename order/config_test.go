package order_test

import (
	"errors"
	"strings"
	"testing"

	"shop/kit/config"
	"shop/kit/config/configtest"
	"shop/order"
)

func TestExample(t *testing.T) {
	configtest.Example[order.Config](t, ".env.example", config.Defaults(order.Spec().Defaults))
}

func TestDefaults(t *testing.T) {
	cfg, err := order.Spec().Load(config.Environ(nil))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Port != 8003 || cfg.AppName != "Order Service" || string(cfg.DatabaseURL) != "sqlite:///./data/order.db" ||
		cfg.UserServiceURL != "http://localhost:8001" || cfg.ProductServiceURL != "http://localhost:8002" || cfg.AuthCacheTTL != 0 {
		t.Errorf("defaults %+v", cfg)
	}
}

// TestFaults proves that every fault is told at once, each with its variable.
func TestFaults(t *testing.T) {
	_, err := order.Spec().Load(config.Environ(map[string]string{
		"PORT": "70000", "USER_SERVICE_URL": "user:8001", "PRODUCT_SERVICE_URL": "ftp://product", "AUTH_CACHE_TTL": "6", "DATABASE_URL": "mysql://x",
	}))
	if faults := (config.Faults{}); !errors.As(err, &faults) {
		t.Fatalf("error %v", err)
	}
	for _, variable := range []string{"PORT", "USER_SERVICE_URL", "PRODUCT_SERVICE_URL", "AUTH_CACHE_TTL", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), variable+"=") {
			t.Errorf("%s is not among the faults:\n%v", variable, err)
		}
	}
}
