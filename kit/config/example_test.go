package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"shop/kit/config"
	"shop/kit/config/configtest"
)

var defaults = config.Defaults(map[string]string{"PORT": "8003", "APP_NAME": "User Service", "DATABASE_URL": "sqlite:///./data/user.db"})

func TestExampleFile(t *testing.T) {
	configtest.Example[settings](t, "testdata/env.example", defaults)
}

func TestACopyOfTheExampleChangesNothing(t *testing.T) {
	var b bytes.Buffer
	if err := config.Example[settings](&b, defaults); err != nil {
		t.Fatal(err)
	}
	load := func(dotenv string) settings {
		t.Helper()
		dir := inDirectory(t, map[string]string{".env": dotenv})
		s, err := config.Load[settings](config.Dir(dir), defaults)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	got, want := load(b.String()), load("SECRET_KEY=change-me\n")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPrintMasksSecrets(t *testing.T) {
	cfg, err := config.Load[settings](config.Environ(with(map[string]string{
		"SECRET_KEY": "hunter2hunter2", "DATABASE_URL": "postgresql://shop:hunter2@h/d", "ALLOWED_ORIGINS": "http://a,http://b", "MAYBE": "3", "COUNT": "0",
	})))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := config.Print(&b, cfg); err != nil {
		t.Fatal(err)
	}
	want := `APP_NAME="User Service"
DEBUG=false
PORT=8001
ALLOWED_ORIGINS=http://a,http://b
SECRET_KEY=[masked]
SECRET_KEY_PREVIOUS=
CACHE_TTL=300
DATABASE_URL=postgresql://shop:[masked]@h/d
USER_SERVICE_URL=http://127.0.0.1:8001
SMALL=1
SHARE=0.5
COUNT= # twice the cores
MAYBE=3
BUS_FILE=./data/bus.db
SMTP_HOST=
SMTP_WAIT=1m30s
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
		if got := fmt.Sprintf(verb, cfg.DB); strings.Contains(got, "hunter2") {
			t.Errorf("%s of a database URL shows the password: %s", verb, got)
		}
	}
}

// brokenWriter takes nothing.
type brokenWriter struct{}

var errFull = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errFull }

func TestWritersThatFail(t *testing.T) {
	if err := config.Example[settings](brokenWriter{}); !errors.Is(err, errFull) {
		t.Errorf("Example: %v", err)
	}
	if err := config.Print(brokenWriter{}, settings{}); !errors.Is(err, errFull) {
		t.Errorf("Print: %v", err)
	}
}

func TestConfigtestFindsAStaleFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env.example")
	if err := os.WriteFile(path, []byte("PORT=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &spy{TB: t}
	configtest.Example[settings](s, path)
	if !strings.Contains(s.failed, "stale") {
		t.Errorf("failed with %q", s.failed)
	}
}

// spy is a test that may fail without failing this one.
type spy struct {
	testing.TB
	failed string
}

func (s *spy) Helper()                   {}
func (s *spy) Errorf(f string, a ...any) { s.failed += fmt.Sprintf(f, a...) }
