package product_test

import (
	"io"
	"maps"
	"net/http"
	"testing"

	"github.com/redis/go-redis/v9"

	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/testkit"

	"shop/product"
)

// BenchmarkGetProductRedis reads one product out of Redis over real sockets, by
// the whole service and by a few lines of net/http that send on what GET returns.
// Only the two beside each other mean something.
func BenchmarkGetProductRedis(b *testing.B) {
	at := testkit.Redis(b)
	settings := map[string]string{"LOG_LEVEL": "warn"}
	maps.Copy(settings, redisSettings(b, at))
	spec := product.Spec()
	i, _ := servicetest.Start(b, spec, servicetest.Config(b, spec, settings), service.Parts{LogWriter: io.Discard})
	if _, err := i.Infra.DB.Exec(b.Context(), `INSERT INTO products VALUES
		(1, 'Điện thoại Galaxy S30', 'dien thoai galaxy s30', 'Màn hình 6.5 inch', 2400000000, 10, 1773500966535897, 1773500966535897, 1)`); err != nil {
		b.Fatal(err)
	}
	read(b, http.DefaultTransport, i.URL()+"/products/1")
	b.Run("service", func(b *testing.B) { benchmarkGet(b, i.URL()) })
	b.Run("bare", func(b *testing.B) { benchmarkGet(b, serveRedis(b, redisClient(b, at))) })
}

func serveRedis(b *testing.B, c *redis.Client) (url string) {
	b.Helper()
	return serveProducts(b, func(w http.ResponseWriter, r *http.Request) {
		body, err := c.Get(r.Context(), "product:"+r.PathValue("id")).Bytes()
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}
