package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"shop/kit/envoy"
	"shop/mesh/agent"
	"shop/mesh/policy"
	"shop/mesh/render"
)

// agentFlags are what an agent runs, and how.
type agentFlags struct {
	policyFlags
	placeFile string
	envoy     string
	rendered  bool
	unchecked bool

	concurrency                     int
	logLevel                        string
	wait, start, drain, stop, every time.Duration
	metrics                         string
}

// environment is how the variables begin that stand for flags.
const environment = "MESH_"

func agentCommand() *cobra.Command {
	f := &agentFlags{}
	cmd := &cobra.Command{
		Use:   "agent --workload NAME [flags] [-- COMMAND...]",
		Short: "Run a service behind its Envoy: process 1 of a container that plays a pod",
		Long: "Wait for the certificates, render the configuration, start Envoy, and when it is ready COMMAND. SIGTERM drains Envoy, then ends\n" +
			"COMMAND, then Envoy; other signals go to COMMAND. When one of them ends by itself the other follows, and its exit code is this\n" +
			"one's. Without COMMAND it is Envoy alone, as in Kubernetes. Changes of the policy are taken while all runs.\n\n" +
			"A flag that is not given is looked up in the environment: --public-certs is " + environment + "PUBLIC_CERTS. ENVOY names the program.",
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return fromEnvironment(cmd.Flags()) },
		RunE:              f.run,
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.placeFile, "place", "", "JSON file with where everything is (render.Place), instead of the flags about that")
	flags.BoolVar(&f.unchecked, "unchecked", false, "don't let Envoy check a new configuration before it is taken")
	flags.BoolVar(&f.rendered, "rendered", false, "use the files in --config as they are")
	flags.IntVar(&f.concurrency, "concurrency", 1, "threads of Envoy that serve")
	flags.StringVar(&f.logLevel, "envoy-log-level", "warning", "of Envoy: trace, debug, info, warning, error, critical, off")
	flags.DurationVar(&f.wait, "wait", time.Minute, "how long the certificates may take to come")
	flags.DurationVar(&f.start, "start", time.Minute, "how long Envoy may take to be ready")
	flags.DurationVar(&f.drain, "drain", 5*time.Second, "how long callers may take to turn to others after SIGTERM, in whole seconds")
	flags.DurationVar(&f.stop, "stop", 12*time.Second, "how long COMMAND may take to end after that")
	flags.DurationVar(&f.every, "every", 2*time.Second, "how often policy and certificates are looked at")
	flags.StringVar(&f.metrics, "metrics", "", `host:port on loopback for /metrics and /readyz of the agent; "" = none`)
	cmd.AddCommand(agentRenderCommand(), checkCommand(), drainCommand())
	return cmd
}

// fromEnvironment sets the flags that are not given.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := environment + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if value := os.Getenv(name); value != "" && !flag.Changed && failed == nil {
			if err := flags.Set(flag.Name, value); err != nil {
				failed = usageError{fmt.Errorf("%s: %w", name, err)}
			}
		}
	})
	return failed
}

// run runs the agent. Its own log goes to standard error, as Envoy's.
func (f *agentFlags) run(cmd *cobra.Command, command []string) error {
	if at := cmd.ArgsLenAtDash(); len(command) > 0 && at != 0 {
		return usageError{fmt.Errorf("the command comes after --, not %q", command[0])}
	}
	if f.workload == "" {
		return usageError{errors.New("an agent needs --workload")}
	}
	program, err := envoy.Path(os.Getenv("ENVOY"))
	if err != nil {
		return err
	}
	at, err := f.at(nil)
	if err != nil {
		return err
	}
	o := agent.Options{
		Workload: f.workload, Certs: at.Certs, Public: at.PublicCerts, Config: at.Config, Admin: at.Admin,
		Envoy: program, Concurrency: f.concurrency, LogLevel: f.logLevel, Command: command,
		CertsTime: f.wait, StartTime: f.start, DrainTime: f.drain, StopTime: f.stop, Poll: f.every,
		Log: slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)).With("service", "mesh-agent", "workload", f.workload),
	}
	if !f.rendered {
		if o.Render, err = renderer(cmd.Flags(), program); err != nil {
			return err
		}
		for _, input := range append([]string{f.policy, f.placeFile}, f.overlays...) {
			if input != "" {
				o.Inputs = append(o.Inputs, input)
			}
		}
	}
	a, err := agent.New(o)
	if err != nil {
		return err
	}
	if f.metrics != "" {
		closing, err := listen(cmd.Context(), f.metrics, a.Status())
		if err != nil {
			return err
		}
		defer closing()
	}
	// It lives long and does little: a small heap is worth a little more work.
	const percent = 20
	debug.SetGCPercent(percent)
	code, err := a.Run(cmd.Context())
	if err == nil && code != 0 {
		err = exitCode(code)
	}
	return err
}

// at returns where the workload is: what the file says, or the flags; p may be nil
// where only the directories and Envoy's own interface matter.
func (f *agentFlags) at(p *policy.Policy) (render.Place, error) {
	if f.placeFile == "" {
		if p == nil {
			at := render.Place{Config: f.config, Certs: f.certs, Admin: f.admin}
			if f.workload == policy.EdgeName {
				at.PublicCerts = f.publicCerts
			}
			return at, nil
		}
		return f.place(p, f.workload), nil
	}
	text, err := os.ReadFile(f.placeFile)
	if err != nil {
		return render.Place{}, err
	}
	var at render.Place
	if err := json.Unmarshal(text, &at); err != nil {
		return render.Place{}, fmt.Errorf("%s: %w", f.placeFile, err)
	}
	return at, nil
}

// renderer is the command that renders what the flags say: this program again, in
// a process that ends, for the messages that configuration is made of need more
// memory than all else here.
func renderer(flags *pflag.FlagSet, envoy string) ([]string, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{program, "agent", "render", "--envoy", envoy}
	own := agentRenderCommand().Flags()
	flags.Visit(func(flag *pflag.Flag) {
		if own.Lookup(flag.Name) == nil {
			return
		}
		value := flag.Value.String()
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",")
		}
		args = append(args, "--"+flag.Name+"="+value)
	})
	return args, nil
}

// agentRenderCommand writes the configuration of one workload for its agent.
func agentRenderCommand() *cobra.Command {
	own := &agentFlags{}
	cmd := &cobra.Command{
		Use: "render DIR", Short: "Write the workload's configuration into DIR, once Envoy has checked it", Hidden: true,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return own.render(cmd.Context(), args[0]) },
	}
	own.add(cmd)
	cmd.Flags().StringVar(&own.placeFile, "place", "", "as the agent's")
	cmd.Flags().BoolVar(&own.unchecked, "unchecked", false, "as the agent's")
	cmd.Flags().StringVar(&own.envoy, "envoy", "", "path of Envoy")
	return cmd
}

func (f *agentFlags) render(ctx context.Context, dir string) error {
	p, err := f.load()
	if err != nil {
		return err
	}
	at, err := f.at(p)
	if err != nil {
		return err
	}
	files, err := render.Workload(p, f.workload, at)
	if err != nil {
		return err
	}
	if !f.unchecked {
		// The one directory that certainly can be written.
		if err := os.Setenv("TMPDIR", dir); err != nil {
			return err
		}
		if err := render.Validate(ctx, f.envoy, files); err != nil {
			return err
		}
	}
	_, err = files.Write(dir)
	return err
}

func adminFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("admin", render.AdminSocket, "Envoy's own interface: host:port on loopback, or the path of a socket")
}

// checkCommand is for health checks in containers without another tool.
func checkCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "check", Short: "Say whether Envoy is ready and not draining", Args: usage(cobra.NoArgs)}
	admin := adminFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := agent.Ready(cmd.Context(), *admin); err != nil {
			return err
		}
		_, err := io.WriteString(cmd.OutOrStdout(), "ready\n")
		return err
	}
	return cmd
}

// drainCommand is for Kubernetes, where a sidecar gets SIGTERM after the service
// has ended; a preStop hook runs before.
func drainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "drain", Short: "Let callers turn to other replicas, and wait until they have, as a preStop hook", Args: usage(cobra.NoArgs),
	}
	admin := adminFlag(cmd)
	wait := cmd.Flags().Duration("drain", 5*time.Second, "how long callers may take")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return agent.Drain(cmd.Context(), *admin, *wait) }
	return cmd
}
