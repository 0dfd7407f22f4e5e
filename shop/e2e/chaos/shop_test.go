package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	_ "github.com/lib/pq" // To look into the databases, as no client could.
	"github.com/redis/go-redis/v9"

	"shop/kit/testkit"
	"shop/shop/operator"
	"shop/shop/rest"
)

var services = [...]string{"user", "product", "order", "notification"}

// layout is what a shop differs in from one replica of each service, straight on
// the engines.
type layout struct {
	replicas map[string]int    // By service.
	settings map[string]string // Of every service, over the harness's own.
	links    []link            // That can be broken.
	now      func() time.Time  // Not nil: the services run in this process, by this clock.
}

// link is the way of one process, or of all replicas of a service, to what it
// depends on: {"order-1", "postgres"}, {"notification", "user"}.
type link struct{ from, to string }

// shop is the four services as processes, behind a proxy each.
type shop struct {
	rest.Shop
	admin operator.Admin // Of the first replicas.

	stage     *stage
	basePort  int
	processes map[string][]*process
	doors     map[string]*proxy
	links     map[link]*proxy
	databases map[string]*sql.DB
	channels  []string // That buyers are notified by.
}

// open starts a shop with empty databases, an empty cache and empty queues.
func (s *stage) open(t *testing.T, l layout) *shop {
	t.Helper()
	s.shops++
	wipeQueues(t, s.rabbit.URL())
	wipeCache(t, s.redis.URL())
	p := &shop{
		stage: s, basePort: testkit.Ports(t, operator.PortDistance),
		processes: map[string][]*process{}, doors: map[string]*proxy{}, links: map[link]*proxy{}, databases: map[string]*sql.DB{},
		channels: []string{"log"},
	}
	for _, link := range l.links {
		p.links[link] = newProxy(t)
	}
	for n, service := range services {
		p.databases[service] = s.database(t, p.databaseName(service))
		p.doors[service] = newProxy(t)
		for r := range max(1, l.replicas[service]) {
			p.doors[service].backends = append(p.doors[service].backends, net.JoinHostPort("127.0.0.1", strconv.Itoa(p.portOf(n, r))))
		}
	}
	for link, way := range p.links {
		way.backends = []string{p.address(link.to)}
	}
	p.User, p.Product = p.client(t, "user"), p.client(t, "product")
	p.Order, p.Notification = p.client(t, "order"), p.client(t, "notification")
	if l.now != nil {
		p.runHere(t, l)
		return p
	}
	p.launch(t, l)
	p.admin = operator.Admin{
		Product: p.processes["product"][0].admin, Order: p.processes["order"][0].admin, Notification: p.processes["notification"][0].admin,
	}
	return p
}

// launch starts all processes together; none waits for another.
func (p *shop) launch(t *testing.T, l layout) {
	t.Helper()
	for n, service := range services {
		for r := range max(1, l.replicas[service]) {
			name := fmt.Sprintf("%s-%d", service, r+1)
			environ := p.environ(service, name, p.portOf(n, r))
			maps.Copy(environ, l.settings)
			one := newProcess(t, name, filepath.Join(p.stage.programs, service), p.portOf(n, r), environ)
			one.Launch(t)
			p.processes[service] = append(p.processes[service], one)
		}
	}
	for _, service := range services {
		for _, one := range p.processes[service] {
			one.AwaitReady(t)
		}
	}
}

func (p *shop) portOf(service, replica int) int {
	return p.basePort + replica*replicaDistance + service
}

func (p *shop) databaseName(service string) string {
	return fmt.Sprintf("shop%d_%s", p.stage.shops, service)
}

func (p *shop) client(t *testing.T, service string) rest.Client {
	return rest.Client{Base: "http://" + p.doors[service].Addr(), HTTP: newHTTPClient(t)}
}

// address is where an engine or the door of a service is.
func (p *shop) address(of string) string {
	switch of {
	case "postgres":
		return p.stage.postgres.Addr()
	case "redis":
		return p.stage.redis.Addr()
	case "rabbitmq":
		return p.stage.rabbit.Addr()
	}
	return p.doors[of].Addr()
}

// way is how the replica name of service reaches what it depends on.
func (p *shop) way(service, name, to string) string {
	for _, from := range []string{name, service} {
		if broken, ok := p.links[link{from, to}]; ok {
			return broken.Addr()
		}
	}
	return p.address(to)
}

func (p *shop) environ(service, name string, port int) map[string]string {
	const database = 2 // Of Redis; not the first, so that the setting is seen to work.
	redisHost, redisPort, _ := net.SplitHostPort(p.way(service, name, "redis"))
	rabbitHost, rabbitPort, _ := net.SplitHostPort(p.way(service, name, "rabbitmq"))
	broker, _ := url.Parse(p.stage.rabbit.URL())
	brokerPassword, _ := broker.User.Password()
	cache, _ := url.Parse(p.stage.redis.URL())
	cachePassword, _ := cache.User.Password()
	stored, _ := url.Parse(p.stage.postgres.URL())
	stored.Host, stored.Path = p.way(service, name, "postgres"), "/"+p.databaseName(service)
	return map[string]string{
		"HOST": "127.0.0.1", "PORT": strconv.Itoa(port), "ADMIN_PORT": strconv.Itoa(port + operator.PortDistance),
		"LOG_LEVEL": "warn", "DATABASE_URL": stored.String(),
		"SECRET_KEY": "only the tests know this key of theirs", "INTERNAL_TOKEN": "only the tests know this token", "BCRYPT_COST": "4",
		"USER_SERVICE_URL":    "http://" + p.way(service, name, "user"),
		"PRODUCT_SERVICE_URL": "http://" + p.way(service, name, "product"),
		"ORDER_SERVICE_URL":   "http://" + p.way(service, name, "order"),
		"REDIS_HOST":          redisHost, "REDIS_PORT": redisPort, "REDIS_PASSWORD": cachePassword, "REDIS_DB": strconv.Itoa(database),
		"RABBITMQ_HOST": rabbitHost, "RABBITMQ_PORT": rabbitPort,
		"RABBITMQ_USER": broker.User.Username(), "RABBITMQ_PASSWORD": brokerPassword,
		"RESERVATION_TTL": "2",
	}
}

// database makes an empty database and returns the harness's own way to it.
func (s *stage) database(t *testing.T, name string) *sql.DB {
	t.Helper()
	server, err := sql.Open("postgres", s.postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := server.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make database %s: %v", name, err)
	}
	at, err := url.Parse(s.postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	at.Path = "/" + name
	db, err := sql.Open("postgres", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// wipeCache deletes whatever Redis holds.
func wipeCache(t *testing.T, url string) {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal("empty the cache:", err)
	}
}

// newHTTPClient returns a client with connections of its own. It waits for longer
// than a service takes to give up.
func newHTTPClient(t *testing.T) *http.Client {
	const conns = 64
	transport := &http.Transport{MaxIdleConns: conns, MaxIdleConnsPerHost: conns}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

const password = "a long password of a test"

// enrol registers somebody and logs in.
func (p *shop) enrol(ctx context.Context, name string) (rest.Session, error) {
	a, err := p.User.Post(ctx, "/register", map[string]any{"username": name, "password": password})
	if err != nil {
		return rest.Session{}, err
	}
	if a.Status != http.StatusCreated {
		return rest.Session{}, fmt.Errorf("register %s: %d: %s", name, a.Status, a.Detail())
	}
	return p.Login(ctx, name, password)
}

// buyers enrols n people.
func (p *shop) buyers(t *testing.T, n int) []rest.Session {
	t.Helper()
	const atOnce = 16
	sessions, failed := make([]rest.Session, n), make([]error, n)
	slots := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			sessions[i], failed[i] = p.enrol(t.Context(), fmt.Sprintf("buyer%04d", i))
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			t.Fatal(err)
		}
	}
	return sessions
}

// stocked makes a product of this quantity.
func (p *shop) stocked(t *testing.T, as rest.Session, quantity int) rest.Product {
	t.Helper()
	a, err := p.Product.As(as.AccessToken).Post(t.Context(), "/products", map[string]any{"name": "Bàn phím", "price": "19.99", "quantity": quantity})
	if err == nil && a.Status != http.StatusCreated {
		err = fmt.Errorf("%d: %s", a.Status, a.Detail())
	}
	var made rest.Product
	if err == nil {
		err = a.Into(&made)
	}
	if err != nil {
		t.Fatal("make a product:", err)
	}
	return made
}

// buy orders at door; an answer other than 201 is no error.
func buy(ctx context.Context, door rest.Client, as rest.Session, product int64, quantity int, o ...rest.Option) (placed rest.Order, a rest.Answer, err error) {
	a, err = door.As(as.AccessToken).Post(ctx, "/orders", map[string]any{"product_id": product, "quantity": quantity}, o...)
	if err == nil && a.Status == http.StatusCreated {
		err = a.Into(&placed)
	}
	return placed, a, err
}

// mustOrder wants a 201.
func (p *shop) mustOrder(t *testing.T, as rest.Session, product int64, quantity int) rest.Order {
	t.Helper()
	placed, a, err := buy(t.Context(), p.Order, as, product, quantity)
	if err != nil || a.Status != http.StatusCreated {
		t.Fatalf("POST /orders: %d %v: %s", a.Status, err, a.Body)
	}
	return placed
}

// setStatus moves an order.
func (p *shop) setStatus(ctx context.Context, as rest.Session, id int64, status string) (rest.Answer, error) {
	return p.Order.As(as.AccessToken).Do(ctx, http.MethodPut, fmt.Sprintf("/orders/%d", id), map[string]any{"status": status})
}

// eventually is testkit.Eventually for conditions that cost something to look at.
func eventually(t *testing.T, d time.Duration, condition func() error, msg ...any) {
	t.Helper()
	const interval = 100 * time.Millisecond
	var (
		looked time.Time
		last   error
	)
	testkit.Eventually(t, d, func() error {
		if looked.IsZero() || time.Since(looked) >= interval {
			last, looked = condition(), time.Now()
		}
		return last
	}, msg...)
}
