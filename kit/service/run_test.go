package service_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"shop/kit/config"
	"shop/kit/event"
	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/sqldb"
	"shop/kit/testkit"
)

func TestAServiceIsReadyWithEverythingItAskedFor(t *testing.T) {
	p := parrot{}
	tel := testkit.Telemetry(t)
	i, _ := servicetest.Start(t, p.spec(), p.config(t), service.Parts{Tel: tel.Telemetry})

	for url, want := range map[string]int{
		i.URL() + "/readyz": http.StatusOK, i.URL() + "/health": http.StatusOK, i.URL() + "/do": http.StatusNoContent,
		i.URL() + "/metrics": http.StatusNotFound, i.URL() + "/admin/words": http.StatusNotFound,
		i.AdminURL() + "/metrics": http.StatusOK, i.AdminURL() + "/admin/words": http.StatusOK, i.AdminURL() + "/do": http.StatusNotFound,
	} {
		if got, body := get(t.Context(), url); got != want {
			t.Errorf("%s: %d %s, want %d", url, got, body, want)
		}
	}
	if _, err := i.Infra.DB.Exec(t.Context(), `INSERT INTO t2 (id) VALUES (1)`); err != nil {
		t.Errorf("the database is not migrated: %v", err)
	}
	cry := event.Event{ID: i.Infra.NewID(), Type: "parrot.cried", Key: "1", Data: []byte("{}")}
	if errs := i.Infra.Bus.Publish(t.Context(), []event.Event{cry}); errs[0] != nil {
		t.Errorf("the bus doesn't work: %v", errs[0])
	}
	ready := tel.Logs("ready")
	if len(ready) != 1 || ready[0].Text("url") != i.URL() || ready[0].Text("admin_url") != i.AdminURL() {
		t.Errorf("logged %v", ready)
	}
}

func TestTimesAndIDs(t *testing.T) {
	p := parrot{}
	i, err := p.spec().Build(t.Context(), p.config(t), service.Parts{Tel: testkit.Telemetry(t).Telemetry})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := i.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	now := i.Infra.Now()
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Errorf("now is %v, want UTC in microseconds", now)
	}
	ids := []string{i.Infra.NewID(), i.Infra.NewID(), i.Infra.NewID()}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 3 || ids[0][14] != '7' {
		t.Errorf("ids %v, want three of version 7 in order", ids)
	}
}

func TestStopInOrder(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	d := &diary{}
	first := parrot{name: "first", diary: d}
	i1, err := first.spec().Build(t.Context(), first.config(t), service.Parts{Tel: testkit.Telemetry(t).Telemetry})
	if err != nil {
		t.Fatal(err)
	}
	entered, leave := make(chan struct{}), make(chan struct{})
	second := parrot{name: "second", diary: d, request: func(ctx context.Context) error {
		close(entered)
		<-leave
		if status, body := get(ctx, i1.URL()+"/do"); status != http.StatusNoContent {
			d.note("the first service answered the second %d %s", status, body)
		}
		return nil
	}}
	tel := testkit.Telemetry(t)
	i2, err := second.spec().Build(t.Context(), second.config(t), service.Parts{Tel: tel.Telemetry})
	if err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- service.Run(ctx, func() { close(ready) }, i1, i2) }()
	<-ready
	answered := make(chan int, 1)
	go func() {
		status, _ := get(context.WithoutCancel(ctx), i2.URL()+"/do")
		answered <- status
	}()
	<-entered
	stop()
	testkit.Eventually(t, soon, func() bool { return len(tel.Logs("stopping")) == 1 }, "stopping")
	testkit.Eventually(t, soon, func() bool { status, _ := get(t.Context(), i2.URL()+"/livez"); return status == 0 }, "nobody gets in")
	close(leave)
	if status := <-answered; status != http.StatusNoContent {
		t.Errorf("the request in flight was answered %d", status)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	want := []string{
		"first: request done", "second: request done", "second: worker done", "first: worker done",
		"second: second closed", "second: first closed", "first: second closed", "first: first closed",
	}
	if got := d.read(); !slices.Equal(got, want) {
		t.Errorf("order\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := i2.Infra.DB.Ping(context.Background()); err == nil {
		t.Error("the database is still open")
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestConnectionsWithoutARequestHoldUpNothing(t *testing.T) {
	p := parrot{}
	i, stop := servicetest.Start(t, p.spec(), p.config(t), service.Parts{Tel: testkit.Telemetry(t).Telemetry})
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(i.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if status, _ := get(t.Context(), i.URL()+"/livez"); status != http.StatusOK { // The server has accepted the one before.
		t.Fatalf("status %d", status)
	}
	start := time.Now()
	stop()
	if took := time.Since(start); took > 3*time.Second { // http.Server by itself takes 5 s.
		t.Errorf("the stop took %v", took)
	}
}

func TestARequestThatNeverEndsIsCutOff(t *testing.T) {
	entered := make(chan struct{})
	release := make(chan struct{})
	defer close(release)
	p := parrot{request: func(context.Context) error { close(entered); <-release; return nil }}
	cfg := p.config(t)
	cfg.ShutdownTimeout = config.Seconds(50 * time.Millisecond)
	i, err := p.spec().Build(t.Context(), cfg, service.Parts{Tel: testkit.Telemetry(t).Telemetry})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- service.Run(ctx, func() { close(ready) }, i) }()
	<-ready
	go get(context.WithoutCancel(ctx), i.URL()+"/do")
	<-entered
	stop()
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "requests were cut off") {
		t.Errorf("error %v", err)
	}
}

func TestWorkersThatFail(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		run  func(context.Context) error
		stop bool // The failure comes while stopping.
		want string
	}{
		"an error":             {func(context.Context) error { return broken }, false, "parrot: relay: broken"},
		"a panic":              {func(context.Context) error { panic("oh no") }, false, "parrot: relay: panic: oh no"},
		"the end of it":        {func(context.Context) error { return nil }, false, "parrot: relay: ended before it was asked to"},
		"an error of the stop": {func(ctx context.Context) error { <-ctx.Done(); return broken }, true, "parrot: relay: broken"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := &diary{}
			p := parrot{diary: d, workers: []service.Worker{{Name: "relay", Run: tt.run}}}
			tel := testkit.Telemetry(t)
			i, err := p.spec().Build(t.Context(), p.config(t), service.Parts{Tel: tel.Telemetry})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			err = service.Run(ctx, func() {
				if tt.stop {
					stop()
				}
			}, i)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if got := d.read(); !slices.Contains(got, "parrot: first closed") {
				t.Errorf("not closed: %v", got)
			}
			if name == "a panic" && len(tel.Logs("worker panicked")) != 1 {
				t.Error("the stack is not in the log")
			}
		})
	}
}

func TestAWorkerThatNeverEndsIsLeftBehind(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	p := parrot{workers: []service.Worker{{Name: "stuck", Run: func(context.Context) error { <-release; return nil }}}}
	cfg := p.config(t)
	cfg.ShutdownTimeout = config.Seconds(50 * time.Millisecond)
	i, err := p.spec().Build(t.Context(), cfg, service.Parts{Tel: testkit.Telemetry(t).Telemetry})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := service.Run(ctx, stop, i); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "workers were cut off") {
		t.Errorf("error %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := service.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := parrot{}
	cfg := p.config(t)
	cfg.Port = taken.Addr().(*net.TCPAddr).Port
	cfg.AdminPort = cfg.Port
	tel := testkit.Telemetry(t)
	i, err := p.spec().Build(t.Context(), cfg, service.Parts{Tel: tel.Telemetry})
	if err != nil {
		t.Fatal(err)
	}
	line := "parrot: " + taken.Addr().String() + " is in use: stop what listens there or choose another port"
	want := line + "\n" + line // One for each port.
	if err := service.Run(t.Context(), func() { t.Error("ready") }, i); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if got := tel.Logs("stop"); len(got) != 0 {
		t.Errorf("what never began is said to stop: %v", got)
	}
}

func TestListenersAreTakenBeforehand(t *testing.T) {
	listen := func() net.Listener {
		t.Helper()
		l, err := service.Listen(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	parts := service.Parts{Tel: testkit.Telemetry(t).Telemetry, Listener: listen(), Admin: listen()}
	p := parrot{}
	i, _ := servicetest.Start(t, p.spec(), p.config(t), parts)
	if want := "http://" + parts.Listener.Addr().String(); i.URL() != want {
		t.Errorf("serves %s, want %s", i.URL(), want)
	}
	if status, _ := get(t.Context(), "http://"+parts.Admin.Addr().String()+"/livez"); status != http.StatusOK {
		t.Errorf("admin port: %d", status)
	}

	_, err := net.ResolveTCPAddr("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Listen(t.Context(), "192.0.2.1:0"); err == nil || err.Error() != "192.0.2.1:0 is no address of this machine" {
		t.Errorf("a foreign address: %v", err)
	}
}

func TestWhatCanNotBeBuiltIsOneLine(t *testing.T) {
	newer := filepath.Join(t.TempDir(), "newer.db")
	func() {
		db, err := sqldb.Open(t.Context(), "sqlite:///"+newer, sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		m, err := sqldb.NewMigrator(db, migrations(3))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(t.Context(), "CREATE TABLE "+sqldb.Floor+" AS SELECT 3 AS version"); err != nil {
			t.Fatal(err)
		}
	}()
	plain := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		environment map[string]string
		want        string
	}{
		"a newer database":       {map[string]string{"DATABASE_URL": "sqlite:///" + newer}, "newer"},
		"no directory":           {map[string]string{"DATABASE_URL": "sqlite:///" + plain + "/x/parrot.db"}, plain},
		"no directory for a bus": {map[string]string{"BUS_FILE": plain + "/x/bus.db"}, plain},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := parrot{}
			_, err := p.spec().Build(t.Context(), servicetest.Config(t, p.spec(), tt.environment), service.Parts{LogWriter: new(testkit.Buffer)})
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "parrot: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
		})
	}
}

func TestABusOfTheCallerStaysOpen(t *testing.T) {
	p := parrot{}
	tel := testkit.Telemetry(t)
	owner, err := p.spec().Build(t.Context(), p.config(t), service.Parts{Tel: tel.Telemetry})
	if err != nil {
		t.Fatal(err)
	}
	i, stop := servicetest.Start(t, p.spec(), p.config(t), service.Parts{Tel: tel.Telemetry, Bus: owner.Infra.Bus})
	if i.Infra.Bus != owner.Infra.Bus {
		t.Error("made a bus of its own")
	}
	stop()
	if err := owner.Infra.Bus.Ping(t.Context()); err != nil {
		t.Errorf("closed the caller's bus: %v", err)
	}
	if err := owner.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
