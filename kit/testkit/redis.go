package testkit

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"shop/kit/testkit/engine"
)

// claimTime is how long a claim on a database outlives a test that was killed.
const claimTime = 20 * time.Minute

// Redis returns the URL of an empty Redis database that nobody else uses until
// the test ends: of the server that the environment gives, else of a server of
// its own.
func Redis(t testing.TB) string {
	t.Helper()
	if server := os.Getenv(RedisURL); server != "" {
		return claimDatabase(t, server)
	}
	s, err := engine.StartRedis(t.Context(), engine.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatalf("%v (%s may name a running one)", err, RedisURL)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil { // Its files are removed anyway.
			t.Error(err)
		}
	})
	return s.URL()
}

// claimDatabase takes a free database of server. Claims are keys in database 0,
// so that tests of several processes can share a server.
func claimDatabase(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no URL", RedisURL)
	}
	claims := redisClient(t, u, 0)
	settings, err := claims.ConfigGet(t.Context(), "databases").Result()
	if err != nil {
		t.Fatal("ask Redis for its databases: ", err)
	}
	databases, err := strconv.Atoi(settings["databases"])
	if err != nil {
		t.Fatal("ask Redis for its databases: ", err)
	}
	claim := func(number int) string { return fmt.Sprintf("shop:test:database:%d", number) }
	number := 0
	Eventually(t, claimTime, func() error {
		for n := 1; n < databases; n++ {
			switch ok, err := claims.SetNX(t.Context(), claim(n), os.Getpid(), claimTime).Result(); {
			case err != nil:
				return err
			case ok:
				number = n
				return nil
			}
		}
		return fmt.Errorf("all %d databases are in use", databases-1)
	}, "a free database of Redis")
	database := redisClient(t, u, number)
	empty := func(ctx context.Context) {
		if err := database.FlushDB(ctx).Err(); err != nil {
			t.Error("empty the Redis database:", err)
		}
	}
	empty(t.Context())
	t.Cleanup(func() {
		ctx := context.Background() // The test's own has ended by now.
		empty(ctx)
		if err := claims.Del(ctx, claim(number)).Err(); err != nil {
			t.Error("give back the Redis database:", err)
		}
	})
	at := *u
	at.Path = "/" + strconv.Itoa(number)
	return at.String()
}

// redisClient returns a client of one database, closed when the test has ended
// and has cleaned up what came later.
func redisClient(t testing.TB, server *url.URL, database int) *redis.Client {
	t.Helper()
	at := *server
	at.Path = "/" + strconv.Itoa(database)
	options, err := redis.ParseURL(at.String())
	if err != nil {
		t.Fatalf("%s is no URL of Redis", RedisURL)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}
