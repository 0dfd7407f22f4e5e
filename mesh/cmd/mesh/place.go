package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"shop/mesh"
	"shop/mesh/policy"
	"shop/mesh/render"
)

// policyFlags say which policy is meant, for which workloads and where they are.
type policyFlags struct {
	policy   string
	overlays []string
	workload string

	config, certs, admin, stats string
	publicCerts, otlp           string
}

func (f *policyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.policy, "policy", "", "file with the policy (default: mesh.yaml of this repository, built in)")
	flags.StringSliceVar(&f.overlays, "overlay", nil, "file with what to change in it; several, in order")
	flags.StringVar(&f.workload, "workload", "", "one service, or edge (default: all)")
	flags.StringVar(&f.config, "config", render.ConfigDir, "directory that Envoy will read its files from")
	flags.StringVar(&f.certs, "certs", render.CertsDir, "directory with the workload's tls.crt, tls.key and ca.crt")
	flags.StringVar(&f.admin, "admin", render.AdminSocket, "Envoy's own interface: host:port on loopback, or the path of a socket")
	flags.StringVar(&f.stats, "stats", "", `host:port for figures and readiness (default: all addresses, the policy's port); "none"`)
	flags.StringVar(&f.publicCerts, "public-certs", "", "directory with tls.crt and tls.key of the edge's public side (default: plain HTTP)")
	flags.StringVar(&f.otlp, "otlp", "", "host:port of a collector that takes OTLP over gRPC, also as http://host:port (default: nothing is traced)")
}

// load reads the policy. Everything that is wrong with it is one error.
func (f *policyFlags) load() (*policy.Policy, error) {
	name, text := mesh.PolicyName, mesh.Policy
	if f.policy != "" {
		var err error
		if text, err = os.ReadFile(f.policy); err != nil {
			return nil, err
		}
		name = f.policy
	}
	var overlays []policy.Source
	for _, file := range f.overlays {
		text, err := os.ReadFile(file) //nolint:gosec // The operator's own file.
		if err != nil {
			return nil, err
		}
		overlays = append(overlays, policy.Source{Name: file, Text: text})
	}
	p, err := policy.Parse(name, text, overlays...)
	if err != nil {
		return nil, fmt.Errorf("the policy is wrong:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return p, nil
}

// workloads returns those that are meant.
func (f *policyFlags) workloads(p *policy.Policy) ([]string, error) {
	if f.workload == "" {
		return p.Workloads(), nil
	}
	if !slices.Contains(p.Workloads(), f.workload) {
		return nil, usageError{fmt.Errorf("no workload %q; there are %s", f.workload, strings.Join(p.Workloads(), ", "))}
	}
	return []string{f.workload}, nil
}

// place returns where workload is.
func (f *policyFlags) place(p *policy.Policy, workload string) render.Place {
	at := render.Container(p, workload)
	at.Config, at.Certs, at.Admin = f.config, f.certs, f.admin
	switch f.stats {
	case "":
	case "none":
		at.Stats = ""
	default:
		at.Stats = f.stats
	}
	if workload == policy.EdgeName {
		at.PublicCerts = f.publicCerts
	}
	at.OTLP = strings.TrimSuffix(strings.TrimPrefix(f.otlp, "http://"), "/")
	return at
}

// each renders every workload that is meant and hands its files to do.
func (f *policyFlags) each(ctx context.Context, do func(ctx context.Context, workload string, files render.Files) error) error {
	p, err := f.load()
	if err != nil {
		return err
	}
	workloads, err := f.workloads(p)
	if err != nil {
		return err
	}
	for _, workload := range workloads {
		files, err := render.Workload(p, workload, f.place(p, workload))
		if err != nil {
			return err
		}
		if err := do(ctx, workload, files); err != nil {
			return fmt.Errorf("%s: %w", workload, err)
		}
	}
	return nil
}
