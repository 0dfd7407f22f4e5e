package product_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/web"
	"shop/order/adapters/cataloguetest"
	"shop/order/adapters/memory"
	"shop/order/adapters/product"
	"shop/order/adapters/product/producttest"
	"shop/order/domain"
	"shop/order/ports"
)

func TestCatalogue(t *testing.T) {
	cataloguetest.Run(t, func(t *testing.T, behind *memory.Catalogue) ports.Catalogue {
		return client(t, producttest.Serve(t, behind))
	})
}

// TestForeignAnswers are answers that no product service of ours gives: all are
// an absence.
func TestForeignAnswers(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
	}{
		"garbage":                     {http.StatusCreated, `<html>`},
		"nothing":                     {http.StatusCreated, ``},
		"an empty object":             {http.StatusCreated, `{}`},
		"another reservation":         {http.StatusCreated, `{"reservation_id":"other","product_name":"x","unit_price":1}`},
		"no price":                    {http.StatusCreated, `{"reservation_id":"r","product_name":"x","unit_price":0}`},
		"a price that is none":        {http.StatusCreated, `{"reservation_id":"r","product_name":"x","unit_price":"a"}`},
		"our token is refused":        {http.StatusForbidden, `{"code":"not_a_caller"}`},
		"the route is closed":         {http.StatusNotFound, `{"code":"route_not_found"}`},
		"the request is refused":      {http.StatusUnprocessableEntity, `{"code":"validation_failed"}`},
		"a bug over there":            {http.StatusInternalServerError, `{"code":"internal"}`},
		"stock without figures":       {http.StatusConflict, `{"code":"insufficient_stock"}`},
		"stock with foreign figures":  {http.StatusConflict, `{"code":"insufficient_stock","params":{"available":"three"}}`},
		"a proxy that can't reach it": {http.StatusBadGateway, `upstream connect error`},
		"a redirect":                  {http.StatusFound, ``},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := client(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}))
			_, err := c.Reserve(t.Context(), "r", 7, 1)
			if e := errs.Of(err); e.Code != domain.ErrCatalogueUnavailable.Code || e.Kind != errs.Unavailable {
				t.Errorf("error %v, want %v", err, domain.ErrCatalogueUnavailable)
			}
		})
	}
}

func TestRetryAfterIsPassedOn(t *testing.T) {
	c := client(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	_, err := c.Reserve(t.Context(), "r", 7, 1)
	if got := errs.Of(err).RetryAfter; got != 7*time.Second {
		t.Errorf("retry after %s, want 7s", got)
	}
}

func serve(t *testing.T, h http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, url string) *product.Catalogue {
	t.Helper()
	c, err := web.NewClient(url, telemetry.Nop(), web.ClientOptions{Name: "product", InternalToken: producttest.Token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return product.NewCatalogue(c)
}
