package service_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"shop/kit/endpoint"
	"shop/kit/event"
	"shop/kit/service"
	"shop/kit/service/servicetest"
	"shop/kit/web"
)

const soon = 5 * time.Second

// settings is the configuration of the service under test.
type settings struct {
	service.Config
	service.BusConfig

	Key string `group:"Own" env:"KEY" envDefault:"0123456789" secret:"true" doc:"A secret."`
}

// diary notes what happens in which order.
type diary struct {
	mu      sync.Mutex
	entries []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, fmt.Sprintf(format, args...))
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.entries...)
}

// parrot is what a test makes of the service under test.
type parrot struct {
	name    string
	diary   *diary
	request func(context.Context) error // What GET /do does.
	workers []service.Worker
}

// migrations returns n migrations, each of which makes a table.
func migrations(n int) fs.FS {
	files := fstest.MapFS{}
	for i := range n {
		up := fmt.Sprintf("-- +goose Up\nCREATE TABLE t%d (id INTEGER PRIMARY KEY);\n-- +goose Down\nDROP TABLE t%d;\n", i+1, i+1)
		for _, engine := range []string{"sqlite", "postgres"} {
			files[fmt.Sprintf("%s/%05d_t%d.sql", engine, i+1, i+1)] = &fstest.MapFile{Data: []byte(up)}
		}
	}
	return files
}

func (p parrot) spec() service.Spec[settings] {
	if p.name == "" {
		p.name = "parrot"
	}
	if p.diary == nil {
		p.diary = &diary{}
	}
	return service.Spec[settings]{
		Name: p.name,
		Defaults: map[string]string{"APP_NAME": "Parrot Service", "PORT": "0", "DATABASE_URL": "sqlite:///./data/parrot.db",
			"RABBITMQ_EXCHANGE": "parrots", "RABBITMQ_QUEUE": "cries", "RABBITMQ_ROUTING_KEY": "parrot.cried"},
		Migrations: migrations(2),
		Topology:   event.Topology{Exchange: "parrots", Queues: []event.Queue{{Name: "cries", Types: []string{"parrot.cried"}}}},
		New:        p.build,
		Commands: func(cli service.CLI[settings]) []*service.Command {
			return []*service.Command{{Use: "tables", RunE: func(cmd *service.Command, _ []string) error { return tables(cmd, cli) }}}
		},
	}
}

func (p parrot) build(_ context.Context, cfg settings, infra service.Infra) (*service.Service, error) {
	do := func(ctx context.Context, _ struct{}) error {
		defer p.diary.note("%s: request done", p.name)
		if p.request == nil {
			return nil
		}
		return p.request(ctx)
	}
	none := func(*http.Request) (struct{}, error) { return struct{}{}, nil }
	stack := endpoint.NewStack(infra.Tel, cfg.RequestTimeout.Duration(), nil)
	closer := func(name string) service.Closer {
		return service.Closer{Name: name, Close: func(context.Context) error {
			p.diary.note("%s: %s closed", p.name, name)
			return nil
		}}
	}
	return &service.Service{
		Name: p.name,
		Handler: web.NewHandler(infra.Web(cfg.Config), []web.Route{
			web.Handle("GET /do", http.StatusNoContent, endpoint.Action(do, stack.Of("do")...), none, web.Empty),
		}),
		Admin: []service.AdminRoute{{Pattern: "GET /admin/words", Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "hello")
		})}},
		Workers: append([]service.Worker{{Name: "waiter", Run: func(ctx context.Context) error {
			<-ctx.Done()
			p.diary.note("%s: worker done", p.name)
			return nil
		}}}, p.workers...),
		Closers: []service.Closer{closer("first"), closer("second")},
	}, nil
}

// tables prints how many tables the database has.
func tables(cmd *service.Command, cli service.CLI[settings]) error {
	cfg, err := cli.Load()
	if err != nil {
		return err
	}
	infra, closing, err := cli.Open(cmd.Context(), cfg, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	var n int
	if err := infra.DB.Get(cmd.Context(), &n, `SELECT count(*) FROM sqlite_master WHERE name GLOB 't[0-9]'`); err != nil {
		return err
	}
	if _, err := io.WriteString(cmd.OutOrStdout(), strconv.Itoa(n)+"\n"); err != nil {
		return err
	}
	return closing(cmd.Context())
}

// config returns the settings of the service under test.
func (p parrot) config(t *testing.T) settings {
	t.Helper()
	return servicetest.Config(t, p.spec(), nil)
}

// get returns the status of a GET, 0 when there was no answer.
func get(ctx context.Context, url string) (status int, body string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err.Error()
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// clean empties the environment of settings that a developer's shell may have.
func clean(t *testing.T) {
	t.Helper()
	for _, name := range []string{"HOST", "PORT", "DEBUG", "DATABASE_URL", "BUS_FILE", "RABBITMQ_HOST", "APP_NAME", "LOG_LEVEL", "KEY", "ADMIN_PORT", "INTERNAL_TOKEN"} {
		if old, set := os.LookupEnv(name); set {
			t.Setenv(name, old) // Restored after the test.
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}
