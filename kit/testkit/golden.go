package testkit

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// update is the test flag -update: write golden files instead of comparing.
var update = updateFlag()

func updateFlag() *bool {
	const name = "update"
	if flag.Lookup(name) == nil {
		return flag.Bool(name, false, "write golden files instead of comparing with them")
	}
	elsewhere := false // Another package of this test binary owns the flag.
	return &elsewhere
}

// Golden compares got with the file at path. With the test flag -update it
// writes the file instead.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	if *update || flag.Lookup("update").Value.String() == "true" {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path) //nolint:gosec // G304: a path that the test names.
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale; run the test with -update\n%s", path, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(g), len(w)) {
		var a, b []byte
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if !bytes.Equal(a, b) {
			return "line " + strconv.Itoa(i+1) + "\n got: " + string(a) + "\nwant: " + string(b)
		}
	}
	return ""
}
