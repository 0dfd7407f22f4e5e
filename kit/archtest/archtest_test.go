package archtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shop/kit/archtest"
)

func TestKit(t *testing.T) { archtest.Check(t, "..") }

// tree is the files of a module: the name and, for a Go file, what it imports.
type tree map[string][]string

// service is a whole service that keeps the rule.
var service = tree{
	"domain/order.go":                   {"errors", "time", "net/mail", "shop/kit/errs", "shop/kit/money", "golang.org/x/text/unicode/norm"},
	"domain/order_test.go":              {"testing", "os", "pgregory.net/rapid"},
	"ports/outbound.go":                 {"context", "shop/order/domain", "shop/kit/event"},
	"app/place.go":                      {"context", "log/slog", "encoding/json", "shop/order/domain", "shop/order/ports", "github.com/google/uuid"},
	"app/place_test.go":                 {"testing", "shop/order/adapters/memory", "shop/kit/testkit"},
	"endpoints/endpoints.go":            {"shop/kit/endpoint", "shop/order/app", "shop/order/ports"},
	"adapters/http/routes.go":           {"net/http", "shop/kit/web", "shop/order/endpoints", "shop/order/domain"},
	"adapters/http/wire/wire.go":        {"shop/order/domain"},
	"adapters/http/http.go":             {"shop/order/adapters/http/wire"},
	"adapters/sql/orders.go":            {"database/sql", "shop/kit/sqldb", "shop/order/ports"},
	"adapters/sql/sql_test.go":          {"shop/order/adapters/orderstest"},
	"adapters/memory/memory.go":         {"shop/order/ports"},
	"adapters/orderstest/suite.go":      {"testing", "shop/order/ports", "shop/order/adapters/memory"},
	"adapters/product/producttest/x.go": {"testing", "shop/order/adapters/memory"},
	"order.go":                          {"shop/kit/service", "shop/order/app", "shop/order/adapters/http", "shop/order/adapters/sql"},
	"order_test.go":                     {"net/http", "shop/kit/service/servicetest"},
	"cmd/order/main.go":                 {"os", "shop/order", "shop/kit/service"},
	"testdata/broken.go":                {"shop/user/domain"},
	"tools/gen/go.mod":                  nil,
	"tools/gen/main.go":                 {"shop/user/domain"},
	"adapters/sql/migrations/x.sql":     nil,
}

// write makes a module of files and returns its root.
func write(t *testing.T, path string, files ...tree) string {
	t.Helper()
	root := t.TempDir()
	contents := map[string]string{"go.mod": "module " + path + "\n\ngo 1.26\n"}
	for _, f := range files {
		for name, imports := range f {
			pkg := filepath.Base(filepath.Dir(name))
			if pkg == "." {
				pkg = filepath.Base(path)
			}
			var b strings.Builder
			fmt.Fprintf(&b, "package %s\n", pkg)
			for _, i := range imports {
				fmt.Fprintf(&b, "import _ %q\n", i)
			}
			contents[name] = b.String()
		}
	}
	for name, content := range contents {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// spy is a test that may fail without failing this one.
type spy struct {
	testing.TB
	failed []string
}

func (s *spy) Helper()        {}
func (s *spy) Error(a ...any) { s.failed = append(s.failed, fmt.Sprint(a...)) }
func (s *spy) Fatalf(f string, a ...any) {
	s.failed = append(s.failed, fmt.Sprintf(f, a...))
}

func check(t *testing.T, root string) []string {
	t.Helper()
	s := &spy{TB: t}
	archtest.Check(s, root)
	slices.Sort(s.failed)
	return s.failed
}

func TestWhatIsAllowed(t *testing.T) {
	for name, root := range map[string]string{
		"a service": write(t, "shop/order", service),
		"the kit":   write(t, "shop/kit", tree{"web/web.go": {"github.com/go-kit/kit/transport/http"}, "web/call/call.go": {"github.com/go-kit/kit/transport/http"}, "errs/errs.go": {"errors"}}),
		"the shop":  write(t, "shop/shop", tree{"main.go": {"shop/order", "shop/user", "shop/kit/service", "shop/mesh/render"}}),
		"the mesh":  write(t, "shop/mesh", tree{"render/render.go": {"shop/kit/errs", "net/http"}}),
	} {
		if got := check(t, root); len(got) != 0 {
			t.Errorf("%s:\n%s", name, strings.Join(got, "\n"))
		}
	}
}

func TestWhatIsForbidden(t *testing.T) {
	tests := []struct {
		module  string
		file    string
		imports string
		want    string // "" = the package's name is the fault.
	}{
		{"shop/order", "domain/x.go", "shop/order/ports", "domain imports no other layer"},
		{"shop/order", "domain/x.go", "shop/order/app", "domain imports no other layer"},
		{"shop/order", "domain/x.go", "shop/order", "domain imports no other layer"},
		{"shop/order", "domain/x.go", "shop/kit/web", "of the kit domain imports only errs, event, money"},
		{"shop/order", "domain/x.go", "database/sql", "domain knows no technology"},
		{"shop/order", "domain/x.go", "net/http", "domain knows no technology"},
		{"shop/order", "domain/x.go", "os", "domain knows no technology"},
		{"shop/order", "domain/sub/x.go", "net/http/httptest", "domain knows no technology"},
		{"shop/order", "domain/x.go", "github.com/jmoiron/sqlx", "domain knows no technology"},
		{"shop/order", "ports/x.go", "shop/order/app", "ports imports only domain"},
		{"shop/order", "ports/x.go", "net/http", "ports knows no technology"},
		{"shop/order", "ports/x.go", "shop/kit/sqldb", "of the kit ports imports only"},
		{"shop/order", "app/x.go", "shop/order/endpoints", "app imports only domain, ports"},
		{"shop/order", "app/x.go", "shop/order/adapters/sql", "app imports only domain, ports"},
		{"shop/order", "app/x.go", "shop/kit/telemetry", "of the kit app imports only"},
		{"shop/order", "app/x.go", "go.opentelemetry.io/otel", "app knows no technology"},
		{"shop/order", "app/x.go", "log", "app knows no technology"},
		{"shop/order", "endpoints/x.go", "shop/order/adapters/sql", "endpoints imports only domain, ports, app"},
		{"shop/order", "endpoints/x.go", "shop/order", "endpoints imports only"},
		{"shop/order", "adapters/sql/x.go", "shop/order", "adapters imports only"},
		{"shop/order", "adapters/sql/x.go", "shop/order/cmd/order", "adapters imports only"},
		{"shop/order", "adapters/sql/x.go", "shop/order/adapters/http", "an adapter knows no other adapter"},
		{"shop/order", "x.go", "shop/order/cmd/order", "the root package imports only"},
		{"shop/order", "cmd/order/x.go", "shop/order/app", "cmd imports only the root package"},
		{"shop/order", "cmd/order/x.go", "shop/order/adapters/sql", "cmd imports only the root package"},
		{"shop/order", "tricks/x.go", "errors", "tricks is no layer of a service"},
		{"shop/order", "adapters/product/x.go", "shop/product/domain", "only shop imports a service"},
		{"shop/order", "order_x_test.go", "shop/product", "only shop imports a service"},
		{"shop/order", "x.go", "shop/shop", "only shop imports a service"},
		{"shop/order", "adapters/http/x.go", "github.com/go-kit/kit/transport/http", "only kit/web touches go-kit's transport"},
		{"shop/order", "adapters/http/x_test.go", "github.com/go-kit/kit/transport/http/jsonrpc", "only kit/web touches go-kit's transport"},
		{"shop/kit", "auth/x.go", "github.com/go-kit/kit/transport/http", "only kit/web touches go-kit's transport"},
		{"shop/kit", "website/x.go", "github.com/go-kit/kit/transport/http", "only kit/web touches go-kit's transport"},
		{"shop/kit", "auth/x.go", "shop/user/domain", "the kit knows no service"},
		{"shop/kit", "auth/x_test.go", "shop/user", "the kit knows no service"},
		{"shop/mesh", "render/x.go", "shop/order", "only shop imports a service"},
		{"shop/order", "adapters/util/x.go", "", `"util" says nothing`},
		{"shop/order", "domain/common/x.go", "", `"common" says nothing`},
		{"shop/order", "app/manager/x.go", "", `"manager" says nothing`},
		{"shop/kit", "helper/x.go", "", `"helper" says nothing`},
		{"shop/kit", "base/x.go", "", `"base" says nothing`},
		{"shop/kit", "web/impl/x.go", "", `"impl" says nothing`},
	}
	for _, tt := range tests {
		t.Run(tt.file+" of "+tt.module+" "+tt.imports, func(t *testing.T) {
			broken, where := tree{tt.file: nil}, filepath.Dir(tt.file)
			if tt.imports != "" {
				broken[tt.file], where = []string{tt.imports}, tt.file+" imports "+tt.imports
			}
			files := []tree{broken}
			if tt.module == "shop/order" {
				files = append(files, service)
			}
			got := check(t, write(t, tt.module, files...))
			if len(got) != 1 || !strings.Contains(got[0], tt.want) || !strings.HasPrefix(got[0], where) {
				t.Errorf("got %q, want one: %s: … %s", got, where, tt.want)
			}
		})
	}
}

func TestWhatIsNoModule(t *testing.T) {
	empty := t.TempDir()
	nameless := t.TempDir()
	if err := os.WriteFile(filepath.Join(nameless, "go.mod"), []byte("go 1.26\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := write(t, "shop/order", service)
	if err := os.WriteFile(filepath.Join(broken, "domain", "broken.go"), []byte("no Go"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, root := range map[string]string{"no go.mod": empty, "no name": nameless, "no Go": broken} {
		if got := check(t, root); len(got) == 0 {
			t.Errorf("%s: no failure", name)
		}
	}
}
