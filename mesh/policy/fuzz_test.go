package policy_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"shop/mesh"
	"shop/mesh/policy"
)

// FuzzParse: whatever is read, the answer is a valid policy, or faults with lines
// of the files that were read.
func FuzzParse(f *testing.F) {
	whole := string(mesh.Policy)
	f.Add(whole, "")
	f.Add(whole, "edge: {rest: {rate: 5}}")
	f.Add(whole, "services: {spy: {}}")
	f.Add(strings.Replace(whole, "8001", "80010", 1), "access_log: none")
	f.Add("a: &a [*a]", "b: *b")
	f.Add("services: [", "? {a: b}\n: c")
	f.Add("\x00", "\t")
	f.Fuzz(func(t *testing.T, src, overlay string) {
		var overlays []policy.Source
		if overlay != "" {
			overlays = append(overlays, policy.Source{Name: "overlay", Text: []byte(overlay)})
		}
		p, err := policy.Parse("policy", []byte(src), overlays...)
		if err == nil {
			consistent(t, p)
			return
		}
		var faults policy.Faults
		if !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("%T %v; want faults", err, err)
		}
		for _, f := range faults {
			text := map[string]string{"policy": src, "overlay": overlay}[f.File]
			if f.Rule == "" || f.Line < 0 || f.Line > strings.Count(text, "\n")+2 {
				t.Errorf("%q of %d lines", f, strings.Count(text, "\n")+1)
			}
		}
	})
}

// consistent looks for what no valid policy has.
func consistent(t *testing.T, p *policy.Policy) {
	t.Helper()
	for _, caller := range p.Workloads() {
		if p.Identity(caller) == "" {
			t.Errorf("%s has no identity", caller)
		}
		for _, callee := range p.Callees(caller) {
			if _, known := p.Services[callee]; !known {
				t.Errorf("%s calls %s, which is no service", caller, callee)
			}
			for route, call := range p.Between(caller, callee) {
				if call.Timeout <= p.Sidecar.Inward || call.TryTimeout > call.Timeout {
					t.Errorf("%s → %s %s: %v", caller, callee, route, call)
				}
			}
		}
	}
}

// TestSizesAreReadAsTheyAreWritten for every size.
func TestSizesAreReadAsTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := policy.Size(rapid.Int64Range(0, 1<<40).Draw(t, "size"))
		var got policy.Size
		if err := got.UnmarshalText([]byte(size.String())); err != nil || got != size {
			t.Fatalf("%s: %d %v, want %d", size, got, err, size)
		}
	})
}
