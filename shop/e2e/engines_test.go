package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq" // Looks into the databases.
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/go-redis/v9"

	"shop/kit/testkit"
	"shop/kit/testkit/engine"
	"shop/shop/operator"
	"shop/shop/rest"
)

// TestTheShopOnEnginesOfItsOwn starts private engines, walks the story, stops
// all of it, and finds its orders after the next start.
func TestTheShopOnEnginesOfItsOwn(t *testing.T) {
	t.Run("one process", func(t *testing.T) { onEnginesOfItsOwn(t, "--engines") })
	t.Run("mesh", func(t *testing.T) { onEnginesOfItsOwn(t, "--engines", "--mesh") })
}

func onEnginesOfItsOwn(t *testing.T, flags ...string) {
	dir, port := t.TempDir(), testkit.Ports(t, operator.PortDistance)
	p := spawnOn(t, flags, dir, port, envoy(t))
	at := []string{"--base-port", strconv.Itoa(port)}
	p.connected(t)
	ran(t, append(at, "demo"), "no surprise")
	ran(t, append(at, "order", "1"), "order.created", "sent")
	ran(t, append(at, "dlq", "list"), "No dead letters")
	ran(t, append(at, "dlq", "replay", "order_notifications"), "0 put back")
	if code := p.interrupt(t); code != 0 {
		t.Errorf("Ctrl-C: exit code %d\n%s", code, p.out.String())
	}
	said := p.out.String()
	addrs := regexp.MustCompile(`(?m)^  (?:PostgreSQL|Redis|RabbitMQ) (\S+), private$`).FindAllStringSubmatch(said, -1)
	if len(addrs) != 3 {
		t.Errorf("the shop does not show its three engines:\n%s", said)
	}
	for _, addr := range addrs {
		if conn, err := net.Dial("tcp", addr[1]); err == nil {
			_ = conn.Close()
			t.Errorf("%s is left running", addr[0])
		}
	}
	log := string(read(t, filepath.Join(dir, "shop.log")))
	for _, name := range []string{"postgres", "redis", "rabbitmq"} {
		secret := strings.TrimSpace(string(read(t, filepath.Join(dir, "engines", name, "password"))))
		if strings.Contains(said, secret) || strings.Contains(log, secret) {
			t.Errorf("the password of %s is shown", name)
		}
	}
	for _, file := range []string{"user.db", "bus.db"} {
		if _, err := os.Stat(filepath.Join(dir, file)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there beside the engines: %v", file, err)
		}
	}

	again := spawnOn(t, flags, dir, port, envoy(t))
	ran(t, append(at, "order", "1"), "order.created", "sent")
	if code := again.interrupt(t); code != 0 {
		t.Errorf("second stop: exit code %d\n%s", code, again.out.String())
	}
}

// connected waits until every service has its engines: none waits for its cache
// or its broker at the start.
func (p *process) connected(t *testing.T) {
	t.Helper()
	for _, door := range []rest.Client{p.User, p.Product, p.Order, p.Notification} {
		testkit.Eventually(t, patience, func() error {
			a, err := door.Get(t.Context(), "/health")
			if err == nil && !strings.HasPrefix(string(a.Body), `{"status":"healthy"`) {
				err = fmt.Errorf("answered %s", a.Body)
			}
			return err
		}, "the service is healthy")
	}
}

// ran runs the command with arguments and wants these parts in what it says.
func ran(t *testing.T, args []string, parts ...string) {
	t.Helper()
	code, out, bad := shop(t, nil, args...)
	if code != 0 {
		t.Fatalf("shop %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, bad)
	}
	for _, part := range parts {
		if !strings.Contains(out, part) {
			t.Errorf("shop %s does not show %q:\n%s", strings.Join(args, " "), part, out)
		}
	}
}

// given are engines that somebody else runs.
type given struct{ postgres, redis, rabbitmq *engine.Server }

func startGiven(t *testing.T) given {
	t.Helper()
	started := func(name string, start func(context.Context, engine.Options) (*engine.Server, error)) *engine.Server {
		s, err := start(t.Context(), engine.Options{Dir: filepath.Join(t.TempDir(), name), Fast: true})
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
	return given{
		started("postgres", engine.StartPostgres), started("redis", engine.StartRedis), started("rabbitmq", engine.StartRabbitMQ),
	}
}

// server is the URL of g's PostgreSQL without a database.
func (g given) server() string { return strings.Replace(g.postgres.URL(), "/postgres?", "?", 1) }

func (g given) flags() []string {
	return []string{"--postgres", g.server(), "--redis", g.redis.URL(), "--rabbitmq", g.rabbitmq.URL()}
}

func TestTheShopOnGivenEngines(t *testing.T) {
	g := startGiven(t)
	dir, port := t.TempDir(), testkit.Ports(t, operator.PortDistance)
	p := spawnOn(t, g.flags(), dir, port)
	at := []string{"--base-port", strconv.Itoa(port)}
	p.connected(t)
	ran(t, append(at, "demo"), "no surprise")
	session := p.buyer(t, "reader")
	product := p.stocked(t, session.AccessToken, 3)

	if got, want := databases(t, g.postgres.URL()), []string{
		"notification_service_db", "order_service_db", "product_service_db", "user_service_db",
	}; !slices.Equal(got, want) {
		t.Errorf("databases %v, want %v", got, want)
	}
	t.Run("products are cached in Redis", func(t *testing.T) {
		options, err := redis.ParseURL(g.redis.URL())
		if err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(options)
		defer client.Close()
		testkit.Eventually(t, patience, func() error {
			path := fmt.Sprintf("/products/%d", product.ID)
			if _, err := p.Product.Get(t.Context(), path); err != nil {
				return err
			}
			text, err := client.Get(t.Context(), fmt.Sprintf("product:%d", product.ID)).Result()
			if err == nil && !strings.Contains(text, "Bàn phím") {
				err = fmt.Errorf("found %s", text)
			}
			return err
		}, "the product is in Redis")
	})
	t.Run("what nobody can read becomes a dead letter", func(t *testing.T) {
		publish(t, g.rabbitmq.URL(), "order_notifications", "this is no event")
		testkit.Eventually(t, patience, func() error {
			code, out, bad := shop(t, nil, append(at, "dlq", "list")...)
			if code != 0 || !strings.Contains(out, "order_notifications") {
				return fmt.Errorf("exit code %d: %s%s", code, out, bad)
			}
			return nil
		}, "the dead letter is listed")
		ran(t, append(at, "dlq", "replay", "order_notifications"), "1 put back")
	})
	if code := p.interrupt(t); code != 0 {
		t.Errorf("Ctrl-C: exit code %d\n%s", code, p.out.String())
	}
	for _, s := range []*engine.Server{g.postgres, g.redis, g.rabbitmq} {
		if err := engine.Ping(t.Context(), s.URL()); err != nil {
			t.Errorf("an engine that is not the shop's has stopped: %v", err)
		}
		u, err := url.Parse(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		if secret, _ := u.User.Password(); strings.Contains(p.out.String(), secret) {
			t.Errorf("a password is shown:\n%s", p.out.String())
		}
	}

	t.Run("without Redis and RabbitMQ it starts all the same", func(t *testing.T) {
		if err := errors.Join(g.redis.Kill(), g.rabbitmq.Kill()); err != nil {
			t.Fatal(err)
		}
		p := spawnOn(t, g.flags(), dir, port)
		testkit.Eventually(t, patience, func() error {
			if n := strings.Count(p.out.String(), "does not answer"); n != 2 {
				return fmt.Errorf("%d engines are said to be away:\n%s", n, p.out.String())
			}
			return nil
		}, "both are said to be away")
		session, err := p.Login(t.Context(), "reader", password)
		if err != nil {
			t.Fatal(err)
		}
		p.placed(t, session.AccessToken, product.ID, 1)
		if code := p.interrupt(t); code != 0 {
			t.Errorf("Ctrl-C: exit code %d\n%s", code, p.out.String())
		}
	})
	t.Run("wrong passwords", func(t *testing.T) {
		if err := g.redis.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := g.rabbitmq.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		const guess = "a-wrong-guess"
		for flag, right := range map[string]string{"--postgres": g.server(), "--redis": g.redis.URL(), "--rabbitmq": g.rabbitmq.URL()} {
			u, err := url.Parse(right)
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.UserPassword(u.User.Username(), guess)
			refused(t, 1, []string{u.Host}, guess, flag, u.String())
		}
	})
}

// refused runs the shop and wants one line with these parts, without secret.
func refused(t *testing.T, want int, says []string, secret string, args ...string) {
	t.Helper()
	code, out, bad := shop(t, nil, append([]string{"--data", t.TempDir(), "--base-port", strconv.Itoa(testkit.Ports(t, operator.PortDistance))}, args...)...)
	if code != want || strings.Contains(out, "is ready") || strings.Count(bad, "\n") != 1 {
		t.Errorf("%v: exit code %d, want %d and one line: %s%s", args, code, want, out, bad)
	}
	for _, part := range says {
		if !strings.Contains(bad, part) {
			t.Errorf("%v: %q does not name %q", args, bad, part)
		}
	}
	if secret != "" && strings.Contains(out+bad, secret) {
		t.Errorf("%v: the password is shown: %s%s", args, out, bad)
	}
}

func TestWrongEngines(t *testing.T) {
	const secret = "secret-of-the-test"
	for name, c := range map[string]struct {
		code int
		says []string
		args []string
	}{
		"a database is named":  {2, []string{"--postgres", "not a database"}, []string{"--postgres", "postgresql://u:" + secret + "@127.0.0.1:5432/user_service_db"}},
		"another kind of URL":  {2, []string{"--postgres", "mysql"}, []string{"--postgres", "mysql://u:" + secret + "@127.0.0.1"}},
		"no broker's address":  {2, []string{"--rabbitmq", "amqp://"}, []string{"--rabbitmq", "127.0.0.1:5672"}},
		"no address of Redis":  {2, []string{"--redis"}, []string{"--redis", "redis://u:" + secret + "%zz@127.0.0.1"}},
		"PostgreSQL is away":   {1, []string{"PostgreSQL at 127.0.0.1:1", "refused"}, []string{"--postgres", "postgresql://u:" + secret + "@127.0.0.1:1"}},
		"an option is unknown": {1, []string{"PostgreSQL at 127.0.0.1:1"}, []string{"--postgres", "postgresql://u:" + secret + "@127.0.0.1:1?sslmode=maybe"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, c.code, c.says, secret, c.args...)
		})
	}
	t.Run("an engine is not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		code, _, bad := shop(t, nil, "--data", t.TempDir(), "--base-port", strconv.Itoa(testkit.Ports(t, operator.PortDistance)), "--engines")
		if code != 1 || !strings.Contains(bad, "redis-server is not installed") || !strings.Contains(bad, "apt-get install") {
			t.Errorf("exit code %d: %s", code, bad)
		}
	})
}

// databases lists those of a PostgreSQL server that are not its own.
func databases(t *testing.T, server string) (names []string) {
	t.Helper()
	db, err := sql.Open("postgres", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// publish puts a message into a queue.
func publish(t *testing.T, broker, queue, body string) {
	t.Helper()
	conn, err := amqp.DialConfig(broker, amqp.Config{Dial: amqp.DefaultDial(patience)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := channel.Confirm(false); err != nil {
		t.Fatal(err)
	}
	confirm, err := channel.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{
		MessageId: "unreadable", Timestamp: time.Now(), Body: []byte(body),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !confirm.Wait() {
		t.Error("the broker did not take the message")
	}
}
