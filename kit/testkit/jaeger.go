package testkit

import (
	"testing"

	"shop/kit/testkit/engine"
	"shop/kit/testkit/jaegerapi"
)

// Jaeger starts a Jaeger with these files of configuration, see
// engine.StartJaeger (none: it keeps every trace in memory), and returns it with a
// client of its API. It ends with the test.
func Jaeger(t testing.TB, config ...string) (*engine.Jaeger, *jaegerapi.Client) {
	t.Helper()
	j, err := engine.StartJaeger(t.Context(), engine.JaegerOptions{Options: engine.Options{Dir: t.TempDir()}, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Kill(); err != nil { // Its files are removed anyway.
			t.Error(err)
		}
	})
	return j, jaegerapi.New(j.URL())
}
