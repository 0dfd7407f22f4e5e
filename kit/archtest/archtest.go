// Package archtest is the import rule of the system as a test. In a service,
//
//	domain ← ports ← app ← endpoints, adapters ← root ← cmd
//
// where an arrow means "may be imported by"; the core (domain, ports, app)
// imports the standard library without its technology, three packages of the kit
// and a few value libraries. Services never import each other, the kit imports
// none of them, only kit/web touches go-kit's transport, and no package is named
// after nothing in particular.
package archtest

import "testing"

// Check fails for every import in the module at root ("." in an arch_test.go
// beside go.mod) that breaks the rule, and says which rule.
func Check(t testing.TB, root string) {
	t.Helper()
	m, err := readModule(root)
	if err != nil {
		t.Fatalf("read the module at %s: %v", root, err)
	}
	for _, v := range m.violations() {
		t.Error(v)
	}
}
