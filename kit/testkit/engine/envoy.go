package engine

import (
	"os"
	"path/filepath"

	"shop/kit/envoy"
)

// envoyCache is where a checkout has an Envoy of its own, put there by
// scripts/test.sh.
const envoyCache = ".cache/envoy/bin/envoy"

// EnvoyPath returns the path of Envoy as envoy.Path does: what ENVOY in the
// environment names, else what PATH has, else the one in .cache/envoy of the
// working directory or of one above it.
func EnvoyPath() (string, error) {
	named := os.Getenv("ENVOY")
	path, missing := envoy.Path(named)
	if missing == nil || named != "" {
		return path, missing
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if path, err := envoy.Path(filepath.Join(dir, envoyCache)); err == nil {
			return path, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", missing
		}
		dir = above
	}
}
