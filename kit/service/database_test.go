package service_test

import (
	"context"
	"net/http"
	"testing"

	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/sqldb"
	"shop/kit/sqldb/sqldbtest"
	"shop/kit/testkit"
)

// TestDatabaseSettings on both engines: they reach the pool and the server, and a
// pool that is used up is answered with 503 and Retry-After.
func TestDatabaseSettings(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, e sqldbtest.Engine) {
		var i *service.Instance
		p := parrot{request: func(ctx context.Context) error {
			return i.Infra.DB.Tx(ctx, func(*sqldb.Tx) error { return nil })
		}}
		cfg := servicetest.Config(t, p.spec(), map[string]string{
			"DATABASE_URL": e.URL(t), "DATABASE_MAX_CONNS": "1", "DATABASE_CONN_WAIT": "0.02", "DATABASE_STATEMENT_TIMEOUT": "0.75",
		})
		i, _ = servicetest.Start(t, p.spec(), cfg, service.Parts{Tel: testkit.Telemetry(t).Telemetry})
		ask := func() (status int, retryAfter string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, i.URL()+"/do", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			return resp.StatusCode, resp.Header.Get("Retry-After")
		}
		err := i.Infra.DB.Tx(t.Context(), func(*sqldb.Tx) error {
			if status, retryAfter := ask(); status != http.StatusServiceUnavailable || retryAfter == "" {
				t.Errorf("used up: %d, Retry-After %q", status, retryAfter)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := ask(); status != http.StatusNoContent {
			t.Errorf("free again: %d", status)
		}
		if e.Dialect != sqldb.Postgres {
			return
		}
		var timeout string
		if err := i.Infra.DB.Get(t.Context(), &timeout, `SHOW statement_timeout`); err != nil || timeout != "750ms" {
			t.Errorf("statement_timeout is %s, %v, want 750ms", timeout, err)
		}
	})
}
