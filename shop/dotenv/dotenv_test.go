package dotenv_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"shop/kit/config"
	"shop/notification"
	"shop/order"
	"shop/product"
	"shop/shop/dotenv"
	"shop/shop/local"
	"shop/user"
)

// root is a folder with the services' .env.example.
func root(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, service := range local.Names {
		text, err := os.ReadFile(filepath.Join("../..", service, ".env.example"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(dir, service), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, service, ".env.example"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestTheServicesShareWhatTheyMustShare: read as the services read it.
func TestTheServicesShareWhatTheyMustShare(t *testing.T) {
	dir := root(t)
	for _, service := range local.Names {
		if made, err := dotenv.Make(dir, service); err != nil || !made {
			t.Fatalf("%s: %v %v", service, made, err)
		}
	}
	u, p, o, n := load[user.Config](t, dir, "user"), load[product.Config](t, dir, "product"), load[order.Config](t, dir, "order"), load[notification.Config](t, dir, "notification")
	token := u.InternalToken
	if len(token) < 32 || p.InternalToken != token || o.InternalToken != token || n.InternalToken != token {
		t.Error("the services have no internal token in common")
	}
	if len(u.SecretKey) < 32 {
		t.Error("user has no secret key")
	}
}

func load[T any](t *testing.T, dir, service string) T {
	t.Helper()
	t.Chdir(filepath.Join(dir, service))
	got, err := config.Load[T]()
	if err != nil {
		t.Fatalf("%s: %v", service, err)
	}
	return got
}

func TestWhatIsThereStays(t *testing.T) {
	dir := root(t)
	path := filepath.Join(dir, "user", ".env")
	if err := os.WriteFile(path, []byte("PORT=7000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := dotenv.Make(dir, "user")
	text, _ := os.ReadFile(path)
	if made || err != nil || string(text) != "PORT=7000\n" {
		t.Errorf("got %v, %v, %q", made, err, text)
	}
}

func TestWhatCanNotBeMadeIsSaid(t *testing.T) {
	if _, err := dotenv.Make(root(t), "users"); !errors.Is(err, dotenv.ErrUnknown) {
		t.Errorf("got %v, want %v", err, dotenv.ErrUnknown)
	}
	if _, err := dotenv.Make(t.TempDir(), "user"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}
