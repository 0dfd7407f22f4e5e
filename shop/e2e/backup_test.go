package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"shop/kit/testkit"
	"shop/shop/operator"
	"shop/shop/rest"
)

// TestABackupOfAWorkingShopIsOneMoment copies the databases of a shop while buyers
// order and cancel, destroys it with all that was on its way, and restores it:
// nobody's request failed, what was there is there, and every order has its pieces
// and its one notification.
func TestABackupOfAWorkingShopIsOneMoment(t *testing.T) {
	const stock, buyers = 100000, 4
	server, flags := postgresOf(t)
	scripts := scriptsOn(t, server)
	port, settle := testkit.Ports(t, operator.PortDistance), "RESERVATION_TTL=1"
	p := spawnOn(t, flags, t.TempDir(), port, settle)

	seller := p.buyer(t, "seller")
	product := p.stocked(t, seller.AccessToken, stock)
	quiet := p.buyer(t, "quiet")
	for n := range 3 {
		p.placed(t, quiet.AccessToken, product.ID, n+1)
	}
	before, err := p.ordersOf(t.Context(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"quiet"}
	sessions := make([]rest.Session, buyers)
	for n := range sessions {
		names = append(names, fmt.Sprintf("buyer%02d", n))
		sessions[n] = p.buyer(t, names[n+1])
	}

	load := p.shopping(t, product.ID, sessions)
	testkit.Eventually(t, patience, func() bool { return load.placed.Load() >= 50 }, "orders are taken")
	backup := filepath.Join(t.TempDir(), "backup")
	ordered := load.placed.Load()
	scripts.run(t, "backup.sh", backup)
	during := load.placed.Load() - ordered
	testkit.Eventually(t, patience, func() bool { return load.placed.Load() >= ordered+during+50 }, "orders are taken after it")
	load.end()
	if during == 0 {
		t.Error("nobody could order during the backup")
	}

	p.kill()
	destroy(t, server)
	t.Run("what is no backup changes nothing", func(t *testing.T) { refusesToRestore(t, scripts, backup) })
	said := scripts.run(t, "restore.sh", "--yes", backup)
	t.Logf("%d orders while it was made of %d\n%s", during, load.placed.Load(), said)

	// Another data directory: neither queues nor keys have outlived the shop.
	p = spawnOn(t, flags, t.TempDir(), port, settle)
	if a, err := p.User.As(quiet.AccessToken).Get(t.Context(), "/users/me"); err != nil || a.Status != http.StatusUnauthorized {
		t.Errorf("a session of before the restore: %d, %v", a.Status, err)
	}
	sessions = nil
	for _, name := range names {
		session, err := p.Login(t.Context(), name, password)
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, session)
	}
	after, err := p.ordersOf(t.Context(), sessions[0])
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(after, before) {
		t.Errorf("orders %v, want %v", after, before)
	}
	testkit.Eventually(t, patience, func() error {
		return p.balanced(t.Context(), product.ID, stock, sessions)
	}, "stock + sold is what there was")
	existing := map[int64]bool{}
	for _, session := range sessions {
		orders, err := p.ordersOf(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range orders {
			existing[o.ID] = true
		}
	}
	if len(existing) < int(ordered) {
		t.Errorf("%d orders, of %d that were answered before the backup", len(existing), ordered)
	}
	testkit.Eventually(t, patience, func() error { return p.eachNotifiedOnce(t.Context(), existing, sessions) },
		"each order has exactly one notification")
	if o := p.placed(t, sessions[0].AccessToken, product.ID, 1); o.ID <= load.placed.Load() {
		t.Errorf("order %d has a number that was given before", o.ID)
	}
	if code := p.interrupt(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.out.String())
	}
}

// shopping is what buyers do until end: each orders, and cancels every third.
type shopping struct {
	placed atomic.Int64
	end    func()
}

// shopping lets buyers shop; a request that fails before end fails the test.
func (p *process) shopping(t *testing.T, product int64, buyers []rest.Session) *shopping {
	t.Helper()
	s := &shopping{}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, session := range buyers {
		group.Go(func() {
			orders := p.Order.As(session.AccessToken)
			for i := 1; ctx.Err() == nil; i++ {
				a, err := orders.Post(context.WithoutCancel(ctx), "/orders", map[string]any{"product_id": product, "quantity": 1})
				if err != nil || a.Status != http.StatusCreated {
					t.Errorf("order: %d, %v: %s", a.Status, err, a.Body)
					return
				}
				s.placed.Add(1)
				var o rest.Order
				if err := a.Into(&o); err != nil {
					t.Error(err)
					return
				}
				if i%3 != 0 {
					continue
				}
				a, err = orders.Do(context.WithoutCancel(ctx), http.MethodPut, fmt.Sprintf("/orders/%d", o.ID), map[string]any{"status": "cancelled"})
				if err != nil || a.Status != http.StatusOK {
					t.Errorf("cancel: %d, %v: %s", a.Status, err, a.Body)
				}
			}
		})
	}
	s.end = sync.OnceFunc(func() {
		stop()
		group.Wait()
	})
	t.Cleanup(s.end)
	return s
}

// scripts are those of the folder of this name, on the databases of one server.
type scripts struct{ environ []string }

func scriptsOn(t *testing.T, server string) scripts {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := u.User.Password()
	var sections strings.Builder
	for _, service := range []string{"user", "product", "order", "notification"} {
		fmt.Fprintf(&sections, "[%s]\nhost=%s\nport=%s\nuser=%s\npassword=%s\ndbname=%s_service_db\n",
			service, u.Hostname(), u.Port(), u.User.Username(), secret, service)
	}
	file := filepath.Join(t.TempDir(), "services.conf")
	if err := os.WriteFile(file, []byte(sections.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return scripts{environ: append(os.Environ(), "PGSERVICEFILE="+file, "SHOP_DATABASES=env PGSERVICE=%s")}
}

// run runs a script and wants it to succeed; it returns what it said.
func (s scripts) run(t *testing.T, script string, args ...string) string {
	t.Helper()
	code, said := s.try(t, script, args...)
	if code != 0 {
		t.Fatalf("%s: exit code %d\n%s", script, code, said)
	}
	return said
}

func (s scripts) try(t *testing.T, script string, args ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join("../../scripts", script), args...)
	cmd.Env = s.environ
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// destroy leaves empty databases.
func destroy(t *testing.T, server string) {
	t.Helper()
	db, err := sql.Open("postgres", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, name := range databases(t, server) {
		for _, statement := range []string{"DROP DATABASE " + name + " WITH (FORCE)", "CREATE DATABASE " + name} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// refusesToRestore damages copies of a backup, and asks in wrong ways: one line.
func refusesToRestore(t *testing.T, s scripts, backup string) {
	damaged, partial := filepath.Join(t.TempDir(), "damaged"), filepath.Join(t.TempDir(), "partial")
	for _, dir := range []string{damaged, partial} {
		if err := os.CopyFS(dir, os.DirFS(backup)); err != nil {
			t.Fatal(err)
		}
	}
	dump := read(t, filepath.Join(damaged, "order.dump"))
	dump[len(dump)/2] ^= 1
	if err := os.WriteFile(filepath.Join(damaged, "order.dump"), dump, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(partial, "user.dump")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		says string
		args []string
	}{
		"a dump is damaged":   {"is damaged", []string{"restore.sh", "--yes", damaged}},
		"a dump is missing":   {"user.dump is missing", []string{"restore.sh", "--yes", partial}},
		"nobody has agreed":   {"say --yes", []string{"restore.sh", backup}},
		"no directory":        {"is no directory", []string{"restore.sh", "--yes", backup + "x"}},
		"no name":             {"say which backup", []string{"restore.sh"}},
		"a backup is there":   {"is there already", []string{"backup.sh", backup}},
		"empty databases":     {"is empty", []string{"backup.sh", backup + "2"}},
		"databases that away": {"PGSERVICE", []string{"backup.sh", backup + "3"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := s
			if c.says == "PGSERVICE" {
				s.environ = append(s.environ[:len(s.environ):len(s.environ)], "SHOP_DATABASES=env PGSERVICE=nobody-%s")
				c.says = "nobody-"
			}
			code, said := s.try(t, c.args[0], c.args[1:]...)
			if code != 1 || !strings.Contains(said, c.says) || strings.Count(said, "\n") != 1 {
				t.Errorf("exit code %d, said %q, want one line with %q", code, said, c.says)
			}
		})
	}
	left, err := filepath.Glob(backup + "*")
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
