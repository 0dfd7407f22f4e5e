package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"shop/mesh/ca"
	"shop/mesh/identity"
)

// caFlags is the authority that a command line asks for.
type caFlags struct {
	dir, root      string
	identities     []string
	life, rootLife time.Duration
	uid, gid       int
}

func (f *caFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.dir, "dir", "/certs", "directory that holds one of each identity")
	flags.StringVar(&f.root, "root", "", "directory of the root's certificate and key, for the authority alone (default .root in --dir)")
	flags.StringSliceVar(&f.identities, "identity", []string{"user", "product", "order", "notification", "edge"},
		"whom to give certificates; name:dns:dns adds DNS names")
	flags.DurationVar(&f.life, "life", ca.DefaultLife, "how long a certificate is valid; it is renewed at two thirds of that")
	flags.DurationVar(&f.rootLife, "root-life", ca.DefaultRootLife, "how long a root is valid")
	flags.IntVar(&f.uid, "uid", 0, "user that the files are given to (default: who runs this)")
	flags.IntVar(&f.gid, "gid", 0, "group that the files are given to (default: as above)")
}

func (f *caFlags) options() ca.Options {
	o := ca.Options{
		Dir: f.dir, Root: f.root, Life: f.life, RootLife: f.rootLife,
		Owner: identity.Owner{UID: f.uid, GID: f.gid},
	}
	for _, given := range f.identities {
		names := strings.Split(given, ":")
		o.Identities = append(o.Identities, ca.Identity{Name: names[0], DNS: names[1:]})
	}
	return o
}

// authority returns it with a log to w, and its metrics in r if that is not nil.
func (f *caFlags) authority(w io.Writer, r prometheus.Registerer) (*ca.Authority, *slog.Logger, error) {
	o := f.options()
	o.Log = slog.New(slog.NewJSONHandler(w, nil)).With("service", "mesh-ca")
	if r != nil {
		var err error
		if o.Metrics, err = ca.NewMetrics(r, o.Identities); err != nil {
			return nil, nil, err
		}
	}
	a, err := ca.New(o)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return a, o.Log, nil
}

func caCommand() *cobra.Command {
	f := &caFlags{}
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "Give every workload a short-lived certificate and renew it, until interrupted",
		Long: "A certificate authority for development and for Compose. Every identity gets a directory in --dir with tls.crt, tls.key\n" +
			"and ca.crt, in the layout of Kubernetes' secret volumes; what is good is kept. In Kubernetes cert-manager makes the same files.",
		Args: usage(cobra.NoArgs),
	}
	f.add(cmd)
	once := cmd.Flags().Bool("once", false, "issue what is due and end")
	admin := cmd.Flags().String("admin", "", "host:port for /metrics and /healthz; \"\" = none")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if *once {
			a, _, err := f.authority(cmd.ErrOrStderr(), nil)
			if err != nil {
				return err
			}
			return a.Once(ctx)
		}
		return f.serve(ctx, *admin, cmd.ErrOrStderr())
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "Say which identities have no certificate that others would accept, for a health check", Args: usage(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error {
				a, _, err := f.authority(cmd.ErrOrStderr(), nil)
				if err != nil {
					return err
				}
				if err := a.Check(); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), "every identity has its certificate")
				return nil
			},
		},
		&cobra.Command{
			Use: "new-root", Short: "Make a new root: trusted from now on, it signs after one --life, and the old one goes after another", Args: usage(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error {
				a, _, err := f.authority(cmd.ErrOrStderr(), nil)
				if err != nil {
					return err
				}
				return a.RotateRoot(cmd.Context())
			},
		},
	)
	return cmd
}

// serve runs the authority until ctx ends.
func (f *caFlags) serve(ctx context.Context, admin string, log io.Writer) error {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a, logger, err := f.authority(log, reg)
	if err != nil {
		return err
	}
	if admin != "" {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError)}))
		mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
			if err := a.Check(); err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			fmt.Fprintln(w, "ok")
		})
		closing, err := listen(ctx, admin, mux)
		if err != nil {
			return err
		}
		defer closing()
	}
	logger.Info("keeping certificates", "dir", f.dir, "identities", f.identities, "life", f.life.String())
	if err := a.Run(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// listen serves h at address until closing is called.
func listen(ctx context.Context, address string, h http.Handler) (closing func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("admin address: %w", err)
	}
	const slow = 5 * time.Second
	server := &http.Server{Handler: h, ReadHeaderTimeout: slow, ReadTimeout: slow, WriteTimeout: 2 * slow}
	go func() { _ = server.Serve(l) }() // Its error is that it was closed.
	return func() { _ = server.Close() }, nil
}
