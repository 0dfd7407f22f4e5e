package http

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// codesOf returns the codes of every errs.New and errs.Violates in the files of
// the service.
func codesOf(t *testing.T, root string) []string {
	t.Helper()
	var codes []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || f.Sel.Name != "New" && f.Sel.Name != "Violates" {
				return true
			}
			if pkg, ok := f.X.(*ast.Ident); !ok || pkg.Name != "errs" {
				return true
			}
			if code, ok := call.Args[len(call.Args)-1].(*ast.BasicLit); ok {
				text, err := strconv.Unquote(code.Value)
				if err != nil {
					t.Error(err)
				}
				codes = append(codes, text)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func TestEveryErrorHasTexts(t *testing.T) {
	codes := codesOf(t, "../..")
	if len(codes) < 12 || !slices.Contains(codes, "username_taken") || !slices.Contains(codes, "email_invalid") {
		t.Fatalf("found the codes %q", codes)
	}
	codes = append(codes, "unauthenticated", "string_too_short", "string_too_long", "enum", "greater_than_equal", "missing")
	if missing := Texts().Missing(codes...); len(missing) > 0 {
		t.Errorf("no text for %q", missing)
	}
	for code := range Texts() {
		if !slices.Contains(codes, code) {
			t.Errorf("nothing is refused with %q", code)
		}
	}
}

func TestClientAddress(t *testing.T) {
	const header = "X-Envoy-External-Address"
	for name, tc := range map[string]struct {
		mesh   bool
		remote string
		header http.Header
		want   string
	}{
		"the peer":                   {false, "10.0.0.1:5000", nil, "10.0.0.1"},
		"an IPv6 peer":               {false, "[2001:db8::1]:5000", nil, "2001:db8::/64"},
		"a mapped peer":              {false, "[::ffff:10.0.0.1]:5000", nil, "10.0.0.1"},
		"no peer":                    {false, "@", nil, "unknown"},
		"a header without a mesh":    {false, "10.0.0.1:5000", http.Header{header: {"1.2.3.4"}}, "10.0.0.1"},
		"forwarded without a mesh":   {false, "10.0.0.1:5000", http.Header{"X-Forwarded-For": {"1.2.3.4"}}, "10.0.0.1"},
		"the edge's word in a mesh":  {true, "127.0.0.1:5000", http.Header{header: {"1.2.3.4"}}, "1.2.3.4"},
		"the last hop's word":        {true, "127.0.0.1:5000", http.Header{header: {"9.9.9.9, 1.2.3.4"}}, "1.2.3.4"},
		"the last header":            {true, "127.0.0.1:5000", http.Header{header: {"9.9.9.9", "1.2.3.4"}}, "1.2.3.4"},
		"nonsense in a mesh":         {true, "127.0.0.1:5000", http.Header{header: {"1.2.3.4, you"}}, "127.0.0.1"},
		"no word in a mesh":          {true, "127.0.0.1:5000", nil, "127.0.0.1"},
		"forwarded in a mesh":        {true, "127.0.0.1:5000", http.Header{"X-Forwarded-For": {"1.2.3.4"}}, "127.0.0.1"},
		"an empty word in a mesh":    {true, "127.0.0.1:5000", http.Header{header: {""}}, "127.0.0.1"},
		"an IPv6 client in the mesh": {true, "127.0.0.1:5000", http.Header{header: {"2001:db8::5"}}, "2001:db8::/64"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tc.remote, Header: tc.header}
			if got := (decoder{Mesh: tc.mesh}).address(r).String(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
