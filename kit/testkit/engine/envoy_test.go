//go:build linux

package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"shop/kit/testkit/engine"
)

func TestEnvoyIsFound(t *testing.T) {
	real := t.TempDir()
	program := place(t, filepath.Join(real, "program", "envoy"), "\x7fELF")
	wrapper := place(t, filepath.Join(real, "venv", "bin", "envoy"), "#!/usr/bin/python3\n")
	behind := place(t, filepath.Join(real, "venv", "lib", "python3.12", "site-packages", "envoy", "_bin", "envoy"), "\x7fELF")
	script := place(t, filepath.Join(real, "script", "envoy"), "#!/bin/sh\n")
	link := filepath.Join(real, "link", "envoy")
	must(t, os.MkdirAll(filepath.Dir(link), 0o700))
	must(t, os.Symlink(wrapper, link))
	checkout := t.TempDir()
	cached := place(t, filepath.Join(checkout, ".cache", "envoy", "bin", "envoy"), "\x7fELF")
	below := filepath.Join(checkout, "a", "b")
	must(t, os.MkdirAll(below, 0o700))

	for name, tt := range map[string]struct{ env, path, dir, want string }{
		"named":                        {program, filepath.Dir(script), below, program},
		"named is a wrapper":           {wrapper, "", below, behind},
		"on PATH":                      {"", filepath.Dir(program), below, program},
		"a wrapper on PATH":            {"", filepath.Dir(wrapper), below, behind},
		"a link to a wrapper":          {"", filepath.Dir(link), below, behind},
		"a script with nothing behind": {"", filepath.Dir(script), below, script},
		"of the checkout":              {"", filepath.Join(real, "nothing"), below, cached},
		"named but missing":            {filepath.Join(real, "missing"), filepath.Dir(program), below, ""},
		"nowhere":                      {"", filepath.Join(real, "nothing"), real, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ENVOY", tt.env)
			t.Setenv("PATH", tt.path)
			t.Chdir(tt.dir)
			got, err := engine.EnvoyPath()
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// place writes a program to path.
func place(t *testing.T, path, content string) string {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(content), 0o700))
	path, err := filepath.EvalSymlinks(path)
	must(t, err)
	return path
}
