package product_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

// redisSettings are the settings of a service whose cache is at that URL.
func redisSettings(t testing.TB, rawURL string) map[string]string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{"REDIS_HOST": u.Hostname(), "REDIS_PORT": u.Port(), "REDIS_DB": "0"}
	if db := strings.TrimPrefix(u.Path, "/"); db != "" {
		settings["REDIS_DB"] = db
	}
	if password, given := u.User.Password(); given {
		settings["REDIS_PASSWORD"] = password
	}
	return settings
}

// redisClient is what redis-cli is to an operator.
func redisClient(t testing.TB, rawURL string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// engineOf starts a Redis that the test may pause and kill.
func engineOf(t testing.TB) *engine.Server {
	t.Helper()
	s, err := engine.StartRedis(t.Context(), engine.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// lookups returns how many reads ended with these results so far.
func (w *world) lookups(results ...string) (n float64) {
	for _, result := range results {
		n += w.tel.Value("test_cache_requests_total", "result", result)
	}
	return n
}

// queries returns how often the database was asked for a product.
func (w *world) queries() uint64 {
	n, _ := w.tel.Observations("db_client_operation_duration_seconds", "db_operation_name", "SELECT", "db_collection_name", "products")
	return n
}

// hits waits until reads of path are served by the cache.
func (w *world) hits(path string) {
	w.t.Helper()
	testkit.Eventually(w.t, patience, func() bool {
		before := w.lookups("hit")
		w.get(path)
		return w.lookups("hit") > before
	}, "reads are hits")
}

func TestRedisShowsTheProduct(t *testing.T) {
	at := testkit.Redis(t)
	w, cli := start(t, redisSettings(t, at)), redisClient(t, at)
	p := w.as(http.MethodPost, "/products", `{"name":"Điện thoại <S30>","price":19.99,"quantity":10}`).wants(http.StatusCreated).item()
	body := w.get(w.path(p.ID)).wants(http.StatusOK).body
	want := strings.TrimSuffix(body, "}") + `,"_version":1}`
	if got, err := cli.Get(t.Context(), "product:1").Result(); err != nil || got != want {
		t.Errorf("redis-cli GET product:1 shows %s, %v; want %s", got, err, want)
	}
	if !strings.Contains(want, `"name":"Điện thoại <S30>","description":null,"price":19.99,"quantity":10,`) {
		t.Errorf("%s is no way to show a product", want)
	}
	if ttl, err := cli.TTL(t.Context(), "product:1").Result(); err != nil || ttl < 270*time.Second || ttl > 330*time.Second {
		t.Errorf("it stays for %s, %v; want 270 to 330 s", ttl, err)
	}
	hit := w.get(w.path(p.ID)).wants(http.StatusOK)
	if hit.body != body || hit.etag() != `"1-1"` || w.lookups("hit") != 1 {
		t.Errorf("the hit is %s %s after %v hits", hit.etag(), hit.body, w.lookups("hit"))
	}
	w.as(http.MethodPut, w.path(p.ID), `{"quantity":3}`).wants(http.StatusOK)
	if got := cli.Get(t.Context(), "product:1").Val(); got != `{"_tombstone":true,"_version":2}` {
		t.Errorf("after an update: %s", got)
	}
	w.get("/products/99").wants(http.StatusNotFound)
	if got := cli.Get(t.Context(), "product:99").Val(); got != `{"_missing":true,"_version":0}` {
		t.Errorf("of a product that does not exist: %s", got)
	}
	w.get("/products/99").wants(http.StatusNotFound)
	w.get("/health").wants(http.StatusOK, `"status":"healthy","service"`, `"redis":{"engine":"redis","latency_ms":`)
	if n := w.tel.Value("test_cache_pool_connections", "state", "max"); n != 32 {
		t.Errorf("%v connections at most", n)
	}
}

// What the system of before, or anybody else, left under a key is not shown, and
// gives way.
func TestGarbageInRedis(t *testing.T) {
	at := testkit.Redis(t)
	w, cli := start(t, redisSettings(t, at)), redisClient(t, at)
	p := w.create("Laptop", "1", 5)
	for _, left := range []string{
		`{"id": 1, "name": "Old", "description": null, "price": 9.99, "quantity": 1, "created_at": "2024-01-01T00:00:00", "updated_at": "2024-01-01T00:00:00"}`,
		`gASVKAAAAAAAAAB9lCiMAmlklEsBjARuYW1llIwDT2xklHUu`, ``, `null`, `{"name":"Old","_version":1}`, `{"name":"Old","_version":99}`,
	} {
		if err := cli.Set(t.Context(), "product:1", left, 0).Err(); err != nil {
			t.Fatal(err)
		}
		w.get(w.path(p.ID)).wants(http.StatusOK, `"name":"Laptop"`)
	}
	if err := cli.Del(t.Context(), "product:1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := cli.LPush(t.Context(), "product:1", "Old").Err(); err != nil {
		t.Fatal(err)
	}
	w.get(w.path(p.ID)).wants(http.StatusOK, `"name":"Laptop"`)
	w.hits(w.path(p.ID))
}

func TestManyReadersOfAColdProductAreOneQuery(t *testing.T) {
	settings := redisSettings(t, testkit.Redis(t))
	settings["MAX_CONCURRENCY"] = "1000"
	settings["REDIS_TIMEOUT"], settings["REQUEST_TIMEOUT"], settings["SHUTDOWN_TIMEOUT"] = "30", "60", "61" // However busy the machine is.
	w := start(t, settings)
	p := w.create("Laptop", "1", 5)
	for path, status := range map[string]int{w.path(p.ID): http.StatusOK, "/products/99": http.StatusNotFound} {
		before := w.queries()
		var readers sync.WaitGroup
		for range 500 {
			readers.Go(func() { // Not by the client that checks all it sees, which is slower than the service.
				if got, body := w.unchecked(http.MethodGet, w.url+path, ""); got != status {
					t.Errorf("got %d %s", got, body)
				}
			})
		}
		readers.Wait()
		if n := w.queries() - before; n != 1 {
			t.Errorf("%d queries for 500 readers of %s, want 1", n, path)
		}
	}
}

// A Redis that is away fails no read and is used again when it is back, also if
// it was never there before. What was changed meanwhile is never seen as it was.
func TestRedisComesAndGoes(t *testing.T) {
	for name, leave := range map[string]struct {
		away, back func(context.Context, *engine.Server) error
	}{
		"hanging": {
			func(_ context.Context, s *engine.Server) error { return s.Pause() },
			func(_ context.Context, s *engine.Server) error { return s.Resume() },
		},
		"down": {
			func(_ context.Context, s *engine.Server) error { return s.Kill() },
			func(ctx context.Context, s *engine.Server) error { return s.Start(ctx) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := engineOf(t)
			cli := redisClient(t, server.URL())
			w := start(t, redisSettings(t, server.URL()))
			p := w.create("Laptop", "1", 1)
			path := w.path(p.ID)
			for round := int64(2); round < 5; round++ {
				w.hits(path)
				old, err := cli.Get(t.Context(), "product:1").Result()
				if err != nil || !strings.Contains(old, `"quantity"`) {
					t.Fatalf("the old value is not in Redis: %s, %v", old, err)
				}
				if err := leave.away(t.Context(), server); err != nil {
					t.Fatal(err)
				}
				w.reads(path, round-1)
				w.get("/health").wants(http.StatusOK, `"status":"degraded"`, `"redis":{"engine":"redis"`, `"status":"unhealthy"`)
				w.get("/readyz").wants(http.StatusOK)
				w.as(http.MethodPut, path, fmt.Sprintf(`{"quantity":%d}`, round)).wants(http.StatusOK)
				w.reads(path, round)
				if err := leave.back(t.Context(), server); err != nil {
					t.Fatal(err)
				}
				w.reads(path, round)
				w.hits(path)
				w.reads(path, round)
				testkit.Eventually(t, patience, func() bool {
					return strings.Contains(w.get("/health").wants(http.StatusOK).body, `{"status":"healthy","service"`)
				}, "health is whole again")
			}
			if log := w.tel.LogText(); strings.Contains(log, redisSettings(t, server.URL())["REDIS_PASSWORD"]) {
				t.Error("the password of Redis is in the log")
			}
		})
	}
}

// reads reads the product as many clients do and wants this quantity each time.
func (w *world) reads(path string, quantity int64) {
	w.t.Helper()
	want := `"quantity":` + strconv.FormatInt(quantity, 10) + `,`
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 20 {
				w.get(path).wants(http.StatusOK, want)
			}
		})
	}
	clients.Wait()
}

func TestRedisMayBeAwayAtStart(t *testing.T) {
	server := engineOf(t)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	w := start(t, redisSettings(t, server.URL()))
	w.get("/health").wants(http.StatusOK, `"status":"degraded"`)
	p := w.create("Laptop", "1", 1)
	w.reads(w.path(p.ID), 1)
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.hits(w.path(p.ID))
}

// Two replicas share a database and a Redis, and one has lost its way to Redis:
// what it changes, the other does not show as it was.
func TestReplicas(t *testing.T) {
	dir, server := t.TempDir(), engineOf(t)
	settings := redisSettings(t, server.URL())
	settings["DATABASE_URL"] = "sqlite:///" + dir + "/product.db"
	one := start(t, settings)
	p := one.create("Laptop", "1", 1)
	path := one.path(p.ID)

	nowhere := map[string]string{}
	for k, v := range settings {
		nowhere[k] = v
	}
	nowhere["REDIS_PORT"] = strconv.Itoa(testkit.FreePort(t)) // Nobody listens there.
	cut := start(t, nowhere)
	for quantity := int64(2); quantity < 12; quantity++ {
		one.hits(path)
		cut.as(http.MethodPut, path, fmt.Sprintf(`{"quantity":%d}`, quantity)).wants(http.StatusOK)
		one.reads(path, quantity)
		cut.reads(path, quantity)
		id := newReservation()
		cut.reserve(id, p.ID, 1).wants(http.StatusCreated)
		one.reads(path, quantity-1)
		cut.publish("order.deleted", "pending", id, p.ID, 1)
		cut.handled()
		one.reads(path, quantity)
	}
	if n := cut.lookups("hit"); n != 0 {
		t.Errorf("%v hits without a Redis", n)
	}

	// Both lose it while it holds the old value, and one of them makes a change and
	// ends before it is back.
	one.hits(path)
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	cut.as(http.MethodPut, path, `{"quantity":99}`).wants(http.StatusOK)
	cut.stop()
	one.reads(path, 99)
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	one.reads(path, 99)
	one.hits(path)
	one.reads(path, 99)
}
