package redis_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"shop/kit/cache"
	"shop/kit/cache/cachetest"
	"shop/kit/cache/redis"
	"shop/kit/errs"
	"shop/kit/telemetry"
	"shop/kit/testkit"
	"shop/kit/testkit/engine"
)

// A client that was closed while Redis was away looks for it a last time.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

const (
	key      = "product:1"
	patience = 20 * time.Second // For what happens on its own, on a busy machine.
)

// items is the codec of the suite's values.
func items() redis.Codec[cachetest.Item] {
	return redis.Codec[cachetest.Item]{
		Marshal: func(i cachetest.Item) ([]byte, error) { return json.Marshal(i) },
		Unmarshal: func(object []byte, _ int64) (i cachetest.Item, err error) {
			err = json.Unmarshal(object, &i)
			return i, err
		},
	}
}

func open(t testing.TB, cfg redis.Config, tel *telemetry.Telemetry) *redis.Cache[cachetest.Item] {
	t.Helper()
	c, err := redis.Open(cfg, items(), tel)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// at returns the settings that lead to the database of a URL.
func at(t testing.TB, rawURL string) redis.Config {
	t.Helper()
	o, err := client.ParseURL(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return redis.Config{Addrs: []string{o.Addr}, DB: o.DB, Username: o.Username, Password: o.Password}
}

// look returns a bare client of the same database.
func look(t testing.TB, cfg redis.Config) *client.Client {
	t.Helper()
	c := client.NewClient(&client.Options{Addr: cfg.Addrs[0], DB: cfg.DB, Password: cfg.Password})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// age lets d pass for every key of a database.
func age(ctx context.Context, c client.Cmdable, d time.Duration) error {
	keys, err := c.Keys(ctx, "*").Result()
	if err != nil {
		return err
	}
	for _, key := range keys {
		left, err := c.PTTL(ctx, key).Result()
		if err == nil {
			err = c.PExpire(ctx, key, left-d).Err() // In the past: at once.
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestCache(t *testing.T) {
	cfg := at(t, testkit.Redis(t))
	bare := look(t, cfg)
	cachetest.Run(t, func(t *testing.T) cachetest.Subject {
		if err := bare.FlushDB(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		return cachetest.Subject{Cache: open(t, cfg, telemetry.Nop()), Advance: func(d time.Duration) {
			if err := age(t.Context(), bare, d); err != nil {
				t.Error(err)
			}
		}}
	})
}

func put(t *testing.T, c *redis.Cache[cachetest.Item], e cache.Entry[cachetest.Item], want bool) {
	t.Helper()
	if stored, err := c.Put(t.Context(), key, e, time.Minute); err != nil || stored != want {
		t.Errorf("Put(%+v) = %t, %v; want %t", e, stored, err, want)
	}
}

func get(t *testing.T, c *redis.Cache[cachetest.Item], want cache.Entry[cachetest.Item], there bool) {
	t.Helper()
	if got, found, err := c.Get(t.Context(), key); err != nil || found != there || got != want {
		t.Errorf("Get = %+v, %t, %v; want %+v, %t", got, found, err, want, there)
	}
}

func laptop(version int64) cache.Entry[cachetest.Item] {
	return cache.Entry[cachetest.Item]{Value: cachetest.Item{Name: "Laptop <15\">", Price: 1}, Version: version}
}

func none(version int64) cache.Entry[cachetest.Item] {
	return cache.Entry[cachetest.Item]{Version: version, Missing: true}
}

func grave(version int64) cache.Entry[cachetest.Item] {
	return cache.Tombstone[cachetest.Item](version)
}

// What people see with redis-cli, and for how long it stays.
func TestEntriesAreReadable(t *testing.T) {
	cfg := at(t, testkit.Redis(t))
	c, bare := open(t, cfg, telemetry.Nop()), look(t, cfg)
	for _, tt := range []struct {
		entry cache.Entry[cachetest.Item]
		want  string
	}{
		{none(0), `{"_missing":true,"_version":0}`},
		{laptop(3), `{"name":"Laptop \u003c15\"\u003e","price":1,"_version":3}`},
		{grave(4), `{"_tombstone":true,"_version":4}`},
		{none(4), `{"_missing":true,"_version":4}`},
	} {
		put(t, c, tt.entry, true)
		if got, err := bare.Get(t.Context(), key).Result(); err != nil || got != tt.want {
			t.Errorf("redis-cli shows %s, %v; want %s", got, err, tt.want)
		}
		if ttl, err := bare.PTTL(t.Context(), key).Result(); err != nil || ttl <= 0 || ttl > time.Minute {
			t.Errorf("it stays for %s, %v; want a minute", ttl, err)
		}
		get(t, c, tt.entry, true)
	}
}

func TestAVersionIsExactToTheLast(t *testing.T) {
	c := open(t, at(t, testkit.Redis(t)), telemetry.Nop())
	const last = math.MaxInt64 // As floats, all of these are the same number.
	put(t, c, laptop(9), true)
	put(t, c, laptop(10), true)
	put(t, c, laptop(9), false)
	put(t, c, laptop(last-1), true)
	put(t, c, laptop(last-2), false)
	put(t, c, grave(last), true)
	put(t, c, laptop(last-1), false)
	put(t, c, laptop(last), true)
	get(t, c, laptop(last), true)
}

// What others have left under a key neither fails a reader nor stays.
func TestWhatIsNoEntryIsAMissAndYields(t *testing.T) {
	cfg := at(t, testkit.Redis(t))
	c, bare := open(t, cfg, telemetry.Nop()), look(t, cfg)
	for name, leave := range map[string]func(ctx context.Context) error{
		"of another system":         text(bare, `{"id": 1, "name": "Laptop", "price": 19.99}`),
		"words":                     text(bare, "hello"),
		"nothing":                   text(bare, ""),
		"a brace":                   text(bare, "}"),
		"a version alone":           text(bare, `"_version":5}`),
		"a version in a text":       text(bare, `{"name":"\"_version\":5}`),
		"no version":                text(bare, `{"name":"x","_version":}`),
		"a negative version":        text(bare, `{"name":"x","_version":-5}`),
		"a version with zeros":      text(bare, `{"name":"x","_version":05}`),
		"a version with a fraction": text(bare, `{"name":"x","_version":5.0}`),
		"a version beyond the last": text(bare, `{"name":"x","_version":9223372036854775808}`),
		"a version far beyond":      text(bare, `{"name":"x","_version":10000000000000000000}`),
		"bytes":                     text(bare, "\x00\xff\xfe"),
		"a list":                    func(ctx context.Context) error { return bare.RPush(ctx, key, "x").Err() },
		"a hash":                    func(ctx context.Context) error { return bare.HSet(ctx, key, "id", 1).Err() },
	} {
		t.Run(name, func(t *testing.T) {
			if err := bare.Del(t.Context(), key).Err(); err != nil {
				t.Fatal(err)
			}
			if err := leave(t.Context()); err != nil {
				t.Fatal(err)
			}
			get(t, c, cache.Entry[cachetest.Item]{}, false)
			put(t, c, laptop(1), true)
			get(t, c, laptop(1), true)
		})
	}
}

func text(c *client.Client, value string) func(ctx context.Context) error {
	return func(ctx context.Context) error { return c.Set(ctx, key, value, time.Minute).Err() }
}

// A value that another make of the service has written, and this one can't read,
// still keeps older ones away.
func TestAValueThatCannotBeReadIsATombstone(t *testing.T) {
	cfg := at(t, testkit.Redis(t))
	c, bare := open(t, cfg, telemetry.Nop()), look(t, cfg)
	if err := text(bare, `{"name":["Laptop"],"_version":5}`)(t.Context()); err != nil {
		t.Fatal(err)
	}
	get(t, c, grave(5), true)
	if ttl, err := bare.PTTL(t.Context(), key).Result(); err != nil || ttl <= 0 {
		t.Errorf("it stays for %s, %v; want as long as the value", ttl, err)
	}
	put(t, c, laptop(4), false)
	put(t, c, laptop(5), true)
	get(t, c, laptop(5), true)
}

func TestOnlyObjectsAreKept(t *testing.T) {
	for _, written := range []string{"", "1", `"x"`, "[]", "{"} {
		codec := items()
		codec.Marshal = func(cachetest.Item) ([]byte, error) { return []byte(written), nil }
		c, err := redis.Open(at(t, testkit.Redis(t)), codec, telemetry.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if stored, err := c.Put(t.Context(), key, laptop(1), time.Minute); err == nil || stored {
			t.Errorf("%q was stored: %t, %v", written, stored, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Redis may be away when the service starts, and go and come as it likes. Who
// asks meanwhile waits no longer than he wants, and learns no password.
func TestRedisComesAndGoes(t *testing.T) {
	server, err := engine.StartRedis(t.Context(), engine.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() })
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := u.User.Password()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	c := open(t, at(t, server.URL()), telemetry.Nop())
	fails := func(what string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		for call, err := range map[string]error{"get": second(c.Get(ctx, key)), "put": first(c.Put(ctx, key, laptop(1), time.Minute)), "ping": c.Ping(ctx)} {
			if errs.KindOf(err) != errs.Unavailable {
				t.Errorf("%s: %s = %v, want it unavailable", what, call, err)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %s tells the password: %v", what, call, err)
			}
		}
	}
	works := func(what string) {
		t.Helper()
		testkit.Eventually(t, patience, func() error { return c.Ping(t.Context()) }, what)
		get(t, c, laptop(1), true)
	}
	fails("away at start")
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() error { return c.Ping(t.Context()) }, "Redis is found")
	put(t, c, laptop(1), true)
	works("started")
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	fails("hanging")
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	works("going on")
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	fails("killed")
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	works("started again") // Its scripts are forgotten, its data is not.
	put(t, c, laptop(2), true)

	wrong := at(t, server.URL())
	wrong.Password = "not the password"
	if err := open(t, wrong, telemetry.Nop()).Ping(t.Context()); errs.KindOf(err) != errs.Unavailable || strings.Contains(err.Error(), wrong.Password) {
		t.Errorf("with a wrong password: %v", err)
	}
}

func first[T any](_ T, err error) error          { return err }
func second[T, U any](_ T, _ U, err error) error { return err }

func TestAnEndedContextIsToldAsSuch(t *testing.T) {
	c := open(t, at(t, testkit.Redis(t)), telemetry.Nop())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Get(ctx, key); !errors.Is(err, context.Canceled) {
		t.Errorf("Get = %v", err)
	}
	if _, err := c.Put(ctx, key, laptop(1), time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v", err)
	}
}

func TestNothingIsKeptForNoTime(t *testing.T) {
	c := open(t, at(t, testkit.Redis(t)), telemetry.Nop())
	for _, ttl := range []time.Duration{0, -time.Second} {
		if stored, err := c.Put(t.Context(), key, laptop(1), ttl); err != nil || stored {
			t.Errorf("Put for %s = %t, %v", ttl, stored, err)
		}
	}
	if stored, err := c.Put(t.Context(), key, laptop(1), time.Microsecond); err != nil || !stored {
		t.Errorf("Put for the shortest time = %t, %v", stored, err)
	}
}

func TestFaultsOfTheSettings(t *testing.T) {
	for name, cfg := range map[string]redis.Config{
		"no address":       {},
		"no such file":     {Addrs: []string{"localhost:1"}, TLS: true, CAFile: "no-such-file.pem"},
		"a file of no use": {Addrs: []string{"localhost:1"}, TLS: true, CAFile: "put.lua"},
	} {
		if _, err := redis.Open(cfg, items(), telemetry.Nop()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
