package secrets_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shop/shop/secrets"
)

// contents returns the files below dir.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func fresh(t *testing.T) (dir string, all map[string]string) {
	t.Helper()
	dir = t.TempDir()
	if _, err := secrets.Make(secrets.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir, contents(t, dir)
}

func TestEverySecretIsMadeOnceAndNeverChanged(t *testing.T) {
	dir, first := fresh(t)
	for _, f := range secrets.Files() {
		if first[f.Owner+"/"+f.Name] == "" {
			t.Errorf("%s/%s was not made", f.Owner, f.Name)
		}
	}
	if len(first) != len(secrets.Files()) {
		t.Errorf("%d files, want %d: %v", len(first), len(secrets.Files()), slices.Sorted(maps.Keys(first)))
	}
	again, err := secrets.Make(secrets.Options{Dir: dir})
	if err != nil || len(again) > 0 || !maps.Equal(contents(t, dir), first) {
		t.Errorf("the second time: made %v, %v", again, err)
	}
}

func TestSecretsAreRandomAndForTheirReaderAlone(t *testing.T) {
	dir, all := fresh(t)
	_, others := fresh(t)
	for path, value := range all {
		value = strings.TrimSpace(value)
		if value == strings.TrimSpace(others[path]) {
			t.Errorf("%s is the same in two shops", path)
		}
		if strings.HasSuffix(path, "password") || strings.HasPrefix(path, "user/secret") {
			if len(value) < 40 {
				t.Errorf("%s has %d characters", path, len(value))
			}
		}
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
		info, err = os.Stat(filepath.Join(dir, filepath.Dir(path)))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("directory of %s: mode %v, %v", path, info.Mode(), err)
		}
	}
}

func TestWhatFollowsFromASecretFitsIt(t *testing.T) {
	_, all := fresh(t)
	secret := func(path string) string { return strings.TrimSpace(all[path]) }
	for path, want := range map[string]string{
		"order/database_url":                      "postgresql://order_service:" + secret("postgres-order/password") + "@postgres-order:5432/order_service_db?sslmode=disable",
		"order/rabbitmq_password":                 secret("rabbitmq/password"),
		"rabbitmq/shop.conf":                      "default_user = shop\ndefault_pass = " + secret("rabbitmq/password"),
		"product/redis_password":                  secret("redis/password"),
		"redis/redis.conf":                        "requirepass " + secret("redis/password"),
		"redis-exporter/passwords.json":           `{"redis://redis:6379":"` + secret("redis/password") + `"}`,
		"postgres-exporter-notification/password": secret("postgres-notification/exporter_password"),
	} {
		if got := secret(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

func TestWhatIsMissingIsMadeAgain(t *testing.T) {
	dir, before := fresh(t)
	for _, path := range []string{"order/database_url", "user/secret_key_previous"} {
		if err := os.Remove(filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := secrets.Make(secrets.Options{Dir: dir})
	if err != nil || !slices.Equal(got, []string{"user/secret_key_previous", "order/database_url"}) {
		t.Errorf("made %v, %v", got, err)
	}
	if after := contents(t, dir); after["order/database_url"] != before["order/database_url"] {
		t.Error("the URL has another password than the database")
	}
}

func TestAFaultIsOneLineThatSaysWhatToDo(t *testing.T) {
	const good = "tHis-1s-a_secret-of-somebody-who-knows"
	for name, tt := range map[string]struct {
		files map[string]string // "" = removed.
		want  string
	}{
		"short":           {map[string]string{"user/secret_key": "hunter2"}, "secrets: user/secret_key has 7 bytes, fewer than 32; remove it, and a new one is made"},
		"empty":           {map[string]string{"user/secret_key": "\n"}, "secrets: user/secret_key has 0 bytes, fewer than 32; remove it, and a new one is made"},
		"of few letters":  {map[string]string{"user/secret_key": strings.Repeat("ab", 30)}, "secrets: user/secret_key has only 2 different characters; remove it, and a new one is made"},
		"no URL takes it": {map[string]string{"postgres-user/superuser_password": good + "@"}, "secrets: postgres-user/superuser_password has other characters than letters, digits, - and _; remove it, and a new one is made"},
		"does not fit":    {map[string]string{"order/rabbitmq_password": good}, "secrets: order/rabbitmq_password does not fit rabbitmq/password; remove it, and it is made again"},
		"lost":            {map[string]string{"postgres-order/password": ""}, "secrets: order/database_url was made from postgres-order/password, which is gone; bring that back, or remove both"},
		"two of them": {map[string]string{"user/secret_key": "x", "grafana/admin_password": "y"},
			"secrets: user/secret_key has 1 bytes, fewer than 32; remove it, and a new one is made\nsecrets: grafana/admin_password has 1 bytes, fewer than 32; remove it, and a new one is made"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := fresh(t)
			for path, text := range tt.files {
				var err error
				if path = filepath.Join(dir, path); text == "" {
					err = os.Remove(path)
				} else {
					err = os.WriteFile(path, []byte(text), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			before := contents(t, dir)
			_, err := secrets.Make(secrets.Options{Dir: dir})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if !maps.Equal(contents(t, dir), before) {
				t.Error("something was made all the same")
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error tells a secret")
			}
		})
	}
}

func TestAKeyOfAnotherSystemIsKept(t *testing.T) {
	const key = "a key from before: ß#@/?%, which was long enough"
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "user"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "user", "secret_key"), []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Make(secrets.Options{Dir: dir}); err != nil || contents(t, dir)["user/secret_key"] != key+"\n" {
		t.Errorf("%v: %q", err, contents(t, dir)["user/secret_key"])
	}
}

func TestADirectoryIsNeeded(t *testing.T) {
	if _, err := secrets.Make(secrets.Options{}); err == nil {
		t.Error("secrets were made nowhere")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Make(secrets.Options{Dir: file}); err == nil {
		t.Error("a file is no directory")
	}
}
