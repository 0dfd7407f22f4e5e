//go:build compose

// The shop in Compose for real: an engine builds and runs it, clients use it by its
// published ports, and what an operator does to it goes unnoticed. The tests of this
// file are one story, in which every part goes on with what the part before has left.
package compose_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"shop/deploy/livetest"
	"shop/kit/testkit"
	"shop/kit/testkit/promapi"
	"shop/shop/rest"
)

func TestTheShopInCompose(t *testing.T) {
	p := newProject(t)
	t.Logf("built and healthy after %s", p.up(t, "--build"))
	for _, part := range []struct {
		name string
		run  func(*testing.T, *project)
	}{
		{"the walks meet no surprise", walks},
		{"the load of compose.load.yml is served", loads},
		{"Prometheus reaches every target", everyTarget},
		{"an order is in Jaeger and in Mailpit", orderIsSeen},
		{"more replicas, and one is killed", replicaIsKilled},
		{"every service is upgraded", upgrades},
		{"RabbitMQ restarts", brokerRestarts},
		{"secrets are rotated", rotates},
		{"memory", memory},
		{"databases and queues survive down and up", downAndUp},
		{"backup, destroy, restore", backupAndRestore},
		{"nothing is left", nothingIsLeft},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, p) })
	}
}

func walks(t *testing.T, p *project) {
	t.Log(tail(p.run(t, "scripts/smoke.sh", p.at("USER"), p.at("PRODUCT"), p.at("ORDER"), p.at("NOTIFICATION")), 1))
	t.Log(strings.TrimSpace(tail(p.run(t, p.shop, "--base-port", strconv.Itoa(p.base), "demo"), 1)))
}

func loads(t *testing.T, p *project) {
	t.Log(strings.TrimSpace(p.run(t, "env", "LOAD_RATE="+strconv.Itoa(rate(t)), "LOAD_DURATION=5s",
		"docker", "compose", "-f", "docker-compose.yml", "-f", "compose.load.yml", "run", "--rm", "-T", "load")))
}

func everyTarget(t *testing.T, p *project) { p.scraped(t, nil) }

// scraped waits until Prometheus has read all targets of every job, of the services
// as many as there are replicas: one where it is not said otherwise.
func (p *project) scraped(t *testing.T, replicas map[string]int) {
	t.Helper()
	want := map[string]int{
		"mesh-ca": 1, "rabbitmq": 1, "rabbitmq-queues": 1, "redis": 1, "postgres": 4, "jaeger": 1, "jaeger-spans": 1, "prometheus": 1,
	}
	for job, workloads := range map[string][]string{"shop": services, "envoy": append(services, "edge"), "mesh-agent": append(services, "edge")} {
		for _, workload := range workloads {
			want[job] += max(1, replicas[workload])
		}
	}
	prometheus := promapi.New(p.at("PROMETHEUS"))
	testkit.Eventually(t, eventTime, func() error {
		targets, err := prometheus.Targets(t.Context())
		if err != nil {
			return err
		}
		var wrong []error
		found := map[string]int{}
		for _, target := range targets {
			found[target.Labels["job"]]++
			if target.Health != "up" {
				wrong = append(wrong, fmt.Errorf("%s is %s: %s", target.URL, target.Health, target.Error))
			}
		}
		if !maps.Equal(found, want) {
			wrong = append(wrong, fmt.Errorf("targets %v, want %v", found, want))
		}
		return errors.Join(wrong...)
	}, "every target is up")
}

func orderIsSeen(t *testing.T, p *project) {
	p.register(t, "seen")
	buyer := p.login(t, "seen")
	order, trace := placed(t, buyer, stocked(t, buyer, 10))
	testkit.Eventually(t, eventTime, func() error { return p.oneMail(t, "seen", order) }, "the mail is in Mailpit")
	livetest.OrderTrace(t, eventTime, p.at("JAEGER"), trace)
}

func replicaIsKilled(t *testing.T, p *project) {
	t.Logf("scaled after %s", p.up(t, "--no-recreate", "--scale", "user=2", "--scale", "product=3"))
	for service, want := range map[string]int{"user": 2, "product": 3} {
		if got := p.containers(t, service); len(got) != want {
			t.Fatalf("%d replicas of %s, want %d", len(got), service, want)
		}
	}
	p.scraped(t, map[string]int{"user": 2, "product": 3})
	p.underLoad(t, "a replica of product is killed", func() {
		p.run(t, "docker", "kill", p.containers(t, "product")[0])
		t.Logf("replaced after %s", p.up(t, "--no-recreate", "--scale", "user=2", "--scale", "product=3"))
	})
	p.underLoad(t, "back to one each", func() { p.up(t, "--no-recreate") })
	for _, service := range []string{"user", "product"} {
		if got := p.containers(t, service); len(got) != 1 {
			t.Errorf("%d replicas of %s, want 1", len(got), service)
		}
	}
}

// upgrades replaces each service by a build of another version, after one that does
// not work has changed nothing.
func upgrades(t *testing.T, p *project) {
	before := p.containers(t, "user")
	p.run(t, "docker", "tag", "shop/mesh:"+p.version, "shop/pod-user:test-broken")
	p.version = "test-broken"
	p.underLoad(t, "an upgrade that fails", func() {
		out, err := p.command(t.Context(), "env", "UPGRADE_WAIT=20", "scripts/upgrade.sh", "user").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "a new user did not become healthy: the old ones go on") {
			t.Errorf("it ends with %v and says\n%s", err, out)
		}
	})
	p.run(t, "docker", "rmi", "shop/pod-user:test-broken")
	if after := strings.Fields(p.compose(t, "ps", "--all", "--quiet", "user")); !slices.Equal(after, before) {
		t.Errorf("containers of user: %v, want those of before, %v", after, before)
	}

	p.version = "test-2"
	p.compose(t, "build")
	for _, service := range []string{"user", "product", "order", "notification"} {
		p.underLoad(t, "upgrade of "+service, func() { p.run(t, "scripts/upgrade.sh", service) })
		var welcome struct{ Version string }
		asked(t, http.StatusOK, &welcome)(rest.Client{Base: p.at(strings.ToUpper(service))}.Get(t.Context(), "/"))
		if welcome.Version != p.version {
			t.Errorf("%s is of version %s, want %s", service, welcome.Version, p.version)
		}
	}
	p.up(t) // The rest: the edge and the authority.
}

// brokerRestarts: every event of order is handled by whom it is for.
func brokerRestarts(t *testing.T, p *project) {
	p.underLoad(t, "RabbitMQ restarts", func() {
		p.compose(t, "restart", "rabbitmq")
		p.up(t)
	})
	handled(t, p)
}

// rotates makes secrets anew: what is new opens, what was before doesn't, and nobody
// notices.
func rotates(t *testing.T, p *project) {
	rotate := func(args ...string) { t.Log(strings.TrimSpace(p.run(t, "scripts/rotate.sh", args...))) }
	p.register(t, "faithful")
	before := p.login(t, "faithful")
	p.underLoad(t, "the signing key", func() { rotate("signing-key") })
	asked(t, http.StatusOK, nil)(before.User.Get(t.Context(), "/users/me"))
	asked(t, http.StatusOK, nil)(p.login(t, "faithful").Order.Get(t.Context(), "/orders"))
	rotate("old-signing-key")
	asked(t, http.StatusUnauthorized, nil)(before.User.Get(t.Context(), "/users/me"))

	opens := map[string]string{ // A command that takes a password by standard input.
		// By TCP from outside of it: from inside the server trusts everybody.
		"postgres-order": `PGPASSWORD="$(cat)" psql --no-psqlrc --quiet --host "$(hostname -i)" --username order_service --dbname order_service_db --command "SELECT 1"`,
		"rabbitmq":       `rabbitmqctl --quiet authenticate_user shop -- "$(cat)"`,
		"redis":          `REDISCLI_AUTH="$(cat)" redis-cli --no-auth-warning PING | grep -qx PONG`,
	}
	open := func(server, password string) error {
		cmd := p.command(t.Context(), "docker", "compose", "exec", "-T", server, "sh", "-c", opens[server])
		cmd.Stdin = strings.NewReader(password)
		return cmd.Run()
	}
	for _, secret := range []struct {
		server string
		rotate []string
	}{
		{"postgres-order", []string{"databases", "order"}},
		{"rabbitmq", []string{"broker"}},
		{"redis", []string{"cache"}},
	} {
		password := func() string { return p.compose(t, "exec", "-T", secret.server, "cat", "/run/secrets/password") }
		old := password()
		p.underLoad(t, "the password of "+secret.server, func() { rotate(secret.rotate...) })
		if was, is := open(secret.server, old), open(secret.server, password()); was == nil || is != nil {
			t.Errorf("%s: the old password: %v, the new one: %v", secret.server, was, is)
		}
	}
	p.underLoad(t, "the root of the mesh", func() { rotate("root") })
	p.scraped(t, nil) // The exporters know, too.
	handled(t, p)
}

// handled waits until everything that order has ever sent is with notification, once.
func handled(t *testing.T, p *project) {
	t.Helper()
	testkit.Eventually(t, eventTime, func() error {
		sent := p.sql(t, "order", "SELECT id FROM outbox WHERE type IN ('order.created', 'order.status_changed') ORDER BY id")
		known := p.sql(t, "notification", "SELECT message_id FROM inbox ORDER BY message_id")
		if !slices.Equal(sent, known) {
			return fmt.Errorf("%d events, %d handled", len(sent), len(known))
		}
		return nil
	}, "every event is handled")
	testkit.Eventually(t, eventTime, func() error {
		for line := range strings.Lines(p.compose(t, "exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", "list_queues", "--no-table-headers", "name", "messages")) {
			if fields := strings.Fields(line); len(fields) != 2 || fields[1] != "0" {
				return fmt.Errorf("messages in %s", line)
			}
		}
		return nil
	}, "no message is left, no dead letter either")
}

// downAndUp leaves orders whose events are in RabbitMQ alone.
func downAndUp(t *testing.T, p *project) {
	const orders = 5
	p.register(t, "patient")
	buyer := p.login(t, "patient")
	product := stocked(t, buyer, orders)
	p.compose(t, "stop", "notification")
	var ids []int64
	for range orders {
		id, _ := placed(t, buyer, product)
		ids = append(ids, id)
	}
	testkit.Eventually(t, eventTime, func() error {
		if unsent := p.sql(t, "order", "SELECT id FROM outbox WHERE sent_at IS NULL"); len(unsent) > 0 {
			return fmt.Errorf("%d events are not sent", len(unsent))
		}
		return nil
	}, "the events are in RabbitMQ")
	p.compose(t, "down")
	t.Logf("healthy %s after up", p.up(t))
	buyer = p.login(t, "patient")
	for _, id := range ids {
		asked(t, http.StatusOK, nil)(buyer.Order.Get(t.Context(), fmt.Sprintf("/orders/%d", id)))
		testkit.Eventually(t, eventTime, func() error { return p.oneMail(t, "patient", id) }, "what was in the queue is sent")
	}
	handled(t, p)
}

func backupAndRestore(t *testing.T, p *project) {
	state := func() map[string]string {
		found := map[string]string{}
		body := func(c rest.Client, path string) string {
			return string(asked(t, http.StatusOK, nil)(c.Get(t.Context(), path)).Body)
		}
		for _, name := range []string{"patient", "seen"} {
			shop := p.login(t, name)
			found["account of "+name], found["orders of "+name] = body(shop.User, "/users/me"), body(shop.Order, "/orders")
		}
		found["products"] = body(p.clients().Product, "/products")
		return found
	}
	backup := filepath.Join(t.TempDir(), "backup")
	p.underLoad(t, "a backup is made", func() { p.run(t, "scripts/backup.sh", backup+"-under-load") })
	before := state()
	t.Log(strings.TrimSpace(p.run(t, "scripts/backup.sh", backup)))
	p.compose(t, "down", "--volumes")
	t.Log(tail(p.run(t, "scripts/restore.sh", "--yes", backup), 3))
	after := state()
	for title, want := range before {
		if after[title] != want {
			t.Errorf("%s:\n%s\nwant\n%s", title, after[title], want)
		}
	}
	walks(t, p)

	// Over a shop that has gone on.
	p.run(t, "scripts/restore.sh", "--yes", backup)
	if got := state()["orders of seen"]; got != before["orders of seen"] {
		t.Errorf("restored twice: %s", got)
	}
}

func nothingIsLeft(t *testing.T, p *project) {
	p.compose(t, "down", "--volumes")
	label := "label=com.docker.compose.project=" + p.name
	for _, list := range [][]string{
		{"ps", "--all", "--quiet", "--filter", label}, {"volume", "ls", "--quiet", "--filter", label}, {"network", "ls", "--quiet", "--filter", label},
	} {
		if left := p.run(t, "docker", list...); left != "" {
			t.Errorf("docker %s:\n%s", list[0], left)
		}
	}
}

// memory adds up what all containers use after all that, but Grafana's.
func memory(t *testing.T, p *project) {
	const limit = 2.5 * 1024 // MiB
	var sum float64
	var lines []string
	ids := strings.Fields(p.compose(t, "ps", "--quiet"))
	for line := range strings.Lines(p.run(t, "docker", append([]string{"stats", "--no-stream", "--format", "json"}, ids...)...)) {
		var stats struct{ Name, MemUsage string }
		if err := json.Unmarshal([]byte(line), &stats); err != nil {
			t.Fatal(err)
		}
		used := mebibytes(t, stats.MemUsage)
		lines = append(lines, fmt.Sprintf("%6.1f MiB %s", used, stats.Name))
		if !strings.Contains(stats.Name, "grafana") {
			sum += used
		}
	}
	slices.Sort(lines)
	t.Logf("%.0f MiB without Grafana\n%s", sum, strings.Join(lines, "\n"))
	if sum > limit {
		t.Errorf("%.0f MiB, want %.0f at most", sum, limit)
	}
}

// mebibytes reads "12.5MiB / 160MiB".
func mebibytes(t *testing.T, usage string) float64 {
	t.Helper()
	used, _, _ := strings.Cut(usage, " ")
	for unit, factor := range map[string]float64{"GiB": 1024, "MiB": 1, "KiB": 1.0 / 1024} {
		if number, ok := strings.CutSuffix(used, unit); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n * factor
		}
	}
	t.Fatalf("memory %q", usage)
	return 0
}
