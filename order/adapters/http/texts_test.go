package http

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryErrorHasTexts reads the codes of all errors and rules out of the
// sources, so that a new one can't be forgotten.
func TestEveryErrorHasTexts(t *testing.T) {
	codes := codesIn(t, "../../domain")
	if !slices.Contains(codes, "order_not_found") || !slices.Contains(codes, "printable_ascii") {
		t.Fatalf("found the codes %q", codes)
	}
	codes = append(codes, "unauthenticated", "auth_unavailable")
	if missing := Texts().Missing(codes...); len(missing) > 0 {
		t.Errorf("no text for %q", missing)
	}
	for code := range Texts() {
		if !slices.Contains(codes, code) {
			t.Errorf("nothing is refused with %q", code)
		}
	}
}

// codesIn returns the codes in calls of errs.New and errs.Violates in the
// package at dir.
func codesIn(t *testing.T, dir string) []string {
	t.Helper()
	var codes []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || f.Sel.Name != "New" && f.Sel.Name != "Violates" {
				return true
			}
			if literal, ok := call.Args[len(call.Args)-1].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				code, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Error(err)
				}
				codes = append(codes, code)
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
