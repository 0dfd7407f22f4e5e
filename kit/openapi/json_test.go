package openapi

import (
	"encoding/json"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestJSON(t *testing.T) {
	tests := map[string]struct{ yaml, want string }{
		"order is kept":      {"b: 1\na: 2\n", `{"b":1,"a":2}`},
		"numbers as written": {"[24000000.00, 1, -2, 1e3, 0x1f, 1_000, .5]", `[24000000.00,1,-2,1e3,31,1000,0.5]`},
		"texts":              {`[a, 'b', "c\u0111", 'yes', 'null', '7', "<>"]`, `["a","b","cđ","yes","null","7","\u003c\u003e"]`},
		"words":              {"[true, false, null, ~, yes]", `[true,false,null,null,"yes"]`},
		"times stay texts":   {"a: 2026-01-02T03:04:05Z", `{"a":"2026-01-02T03:04:05Z"}`},
		"keys that are none": {"200: a\ntrue: b", `{"200":"a","true":"b"}`},
		"anchors":            {"a: &x {k: 1}\nb: *x", `{"a":{"k":1},"b":{"k":1}}`},
		"lists":              {"a:\n  - 1\n  - [2, {b: []}]\n", `{"a":[1,[2,{"b":[]}]]}`},
		"many lines":         {"a: |\n  x\n  y\n", `{"a":"x\ny\n"}`},
		"a merge is none":    {"a: &x {k: 1}\nb: {<<: *x}", ``},
		"a list as key":      {"? [a]\n: b", ``},
		"an endless alias":   {"a: &x [*x]", ``},
		"infinity":           {"a: .inf", ``},
		"bytes":              {"a: !!binary aGk=", `{"a":"hi"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []byte
			var document yaml.Node
			err := yaml.Unmarshal([]byte(tt.yaml), &document)
			if err == nil {
				got, err = toJSON(document.Content[0])
			}
			if (err == nil) != (tt.want != "") || string(got) != tt.want {
				t.Errorf("%s, %v; want %s", got, err, tt.want)
			}
			if err == nil && !json.Valid(got) {
				t.Errorf("no JSON: %s", got)
			}
		})
	}
}
