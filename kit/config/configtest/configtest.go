// Package configtest keeps a service's .env.example true to its settings.
package configtest

import (
	"bytes"
	"testing"

	"shop/kit/config"
	"shop/kit/testkit"
)

// Example fails unless the file at path is what config.Example writes for T.
// The test flag -update writes it.
func Example[T any](t testing.TB, path string, options ...config.Option) {
	t.Helper()
	var b bytes.Buffer
	if err := config.Example[T](&b, options...); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, path, b.Bytes())
}
