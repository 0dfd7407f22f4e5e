// Package servicetest runs a service inside of a test, over real sockets.
package servicetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"shop/kit/config"
	"shop/kit/service"
	"shop/kit/sqldb/sqldbtest"
)

// Config reads the settings of spec from environment alone, with free ports and
// a database of this test's own where environment names none.
func Config[C service.Settings](t testing.TB, spec service.Spec[C], environment map[string]string) C {
	t.Helper()
	all := map[string]string{
		"PORT":         "0",
		"DATABASE_URL": "sqlite:///" + t.TempDir() + "/" + spec.Name + ".db",
		"BUS_FILE":     t.TempDir() + "/bus.db",
	}
	for k, v := range environment {
		all[k] = v
	}
	cfg, err := spec.Load(config.Environ(all))
	if err != nil {
		t.Fatalf("settings of %s:\n%v", spec.Name, err)
	}
	return cfg
}

// Start builds and runs a service until the test ends, or until stop is called,
// and fails the test if it doesn't stop cleanly. Instance.URL says where it is.
func Start[C service.Settings](t testing.TB, spec service.Spec[C], cfg C, parts service.Parts) (i *service.Instance, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	i, err := spec.Build(ctx, cfg, parts)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- service.Run(ctx, func() { close(ready) }, i) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("stop %s: %v", spec.Name, err)
		}
	}
	t.Cleanup(stop)
	select {
	case <-ready:
	case err := <-ended:
		stopped = true
		t.Fatal(err)
	}
	return i, stop
}

// Command runs a command line of spec with these variables added to the
// environment, and returns its exit code and what it printed.
func Command[C service.Settings](
	t *testing.T, spec service.Spec[C], environment map[string]string, args ...string,
) (code int, stdout, stderr string) {
	t.Helper()
	for name, value := range environment {
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	code = spec.Execute(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// Adopt takes over the database at url by adopt, which runs migrate adopt with
// arguments: first as a dry run, which must change nothing. It returns what the
// two printed.
func Adopt(
	t *testing.T, url string, adopt func(t *testing.T, url string, args ...string) (code int, stdout, stderr string),
) (planned, done string) {
	t.Helper()
	before := sqldbtest.Dump(t, url)
	code, planned, errs := adopt(t, url, "--dry-run")
	if code != 0 || sqldbtest.Dump(t, url) != before {
		t.Fatalf("dry run: exit code %d: %s%s; or it changed something", code, planned, errs)
	}
	code, done, errs = adopt(t, url)
	if code != 0 {
		t.Fatalf("exit code %d: %s%s", code, done, errs)
	}
	return planned, done
}
