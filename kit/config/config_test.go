package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"shop/kit/config"
)

// Common is settings that several services embed.
type Common struct {
	Name  string      `group:"Service" env:"APP_NAME" doc:"The name it shows."`
	Debug bool        `env:"DEBUG" envDefault:"false" doc:"Development mode."`
	Port  int         `env:"PORT" envDefault:"8001" unit:"port" doc:"Where clients connect."`
	Allow config.List `env:"ALLOWED_ORIGINS" envDefault:"http://localhost:3000" doc:"Web origins."`
}

func (c Common) Validate() error {
	var f config.Faults
	f.Check(c.Port > 0 && c.Port < 1<<16, "PORT", "must be from 1 to 65535")
	f.Check(c.Name != "", "APP_NAME", "must be set")
	return f.Err()
}

type mail struct {
	Host string        `env:"HOST" doc:"Mail server; empty = no mail."`
	Wait time.Duration `env:"WAIT" envDefault:"1m30s" unit:"duration" doc:"Between two tries."`
}

type settings struct {
	Common

	Key     string             `group:"Secrets" env:"SECRET_KEY,required" secret:"true" example:"change-me" doc:"Signs tokens."`
	Old     string             `env:"SECRET_KEY_PREVIOUS" secret:"true" doc:"Still accepted."`
	TTL     config.Seconds     `group:"Cache" env:"CACHE_TTL" envDefault:"300" unit:"seconds" doc:"How long a product stays."`
	DB      config.DatabaseURL `group:"Stores" env:"DATABASE_URL" doc:"The database."`
	User    config.URL         `env:"USER_SERVICE_URL" envDefault:"http://127.0.0.1:8001" doc:"The user service."`
	Small   int8               `env:"SMALL" envDefault:"1" doc:"A small number."`
	Share   float64            `env:"SHARE" envDefault:"0.5" doc:"A share."`
	Count   uint               `env:"COUNT" envDefault:"2" auto:"twice the cores" doc:"A count."`
	Maybe   *int               `env:"MAYBE" doc:"A number, or none."`
	BusFile string             `env:"BUS_FILE" envDefault:"./data/bus.db" doc:"The queue file."`
	Mail    mail               `group:"Mail" envPrefix:"SMTP_"`
}

// Validate has rules of its own beside those of Common, which are asked too.
func (s settings) Validate() error {
	var f config.Faults
	f.Check(len(s.Key) >= 8, "SECRET_KEY", "must have at least 8 bytes")
	return errors.Join(f.Err(), s.Common.Validate())
}

var whole = map[string]string{
	"APP_NAME": "User Service", "SECRET_KEY": "0123456789", "DATABASE_URL": "sqlite:///./user.db",
}

func with(more map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{whole, more} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

func TestDefaults(t *testing.T) {
	got, err := config.Load[settings](config.Environ(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		Common: Common{Name: "User Service", Port: 8001, Allow: config.List{"http://localhost:3000"}},
		Key:    "0123456789", TTL: config.Seconds(300 * time.Second), DB: "sqlite:///./user.db", User: "http://127.0.0.1:8001",
		Small: 1, Share: .5, Count: 2, BusFile: "./data/bus.db", Mail: mail{Wait: 90 * time.Second},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDefaultsOfAService(t *testing.T) {
	got, err := config.Load[settings](config.Environ(whole),
		config.Defaults(map[string]string{"PORT": "1", "CACHE_TTL": "7"}), config.Defaults(map[string]string{"PORT": "8003"}))
	if err != nil {
		t.Fatal(err)
	}
	if got.Port != 8003 || got.TTL.Duration() != 7*time.Second {
		t.Errorf("port %d, ttl %v", got.Port, got.TTL)
	}
}

func TestValues(t *testing.T) {
	n := 7
	tests := map[string]struct {
		name, value string
		get         func(settings) any
		want        any
	}{
		"space around a number":       {"PORT", " 9000 ", func(s settings) any { return s.Port }, 9000},
		"empty is the default":        {"PORT", "", func(s settings) any { return s.Port }, 8001},
		"Python's True":               {"DEBUG", "True", func(s settings) any { return s.Debug }, true},
		"yes":                         {"DEBUG", "yes", func(s settings) any { return s.Debug }, true},
		"1":                           {"DEBUG", "1", func(s settings) any { return s.Debug }, true},
		"ON":                          {"DEBUG", "ON", func(s settings) any { return s.Debug }, true},
		"no":                          {"DEBUG", "no", func(s settings) any { return s.Debug }, false},
		"list with commas":            {"ALLOWED_ORIGINS", "http://a, http://b ,", func(s settings) any { return s.Allow }, config.List{"http://a", "http://b"}},
		"JSON list":                   {"ALLOWED_ORIGINS", `["http://a","http://b"]`, func(s settings) any { return s.Allow }, config.List{"http://a", "http://b"}},
		"empty list":                  {"ALLOWED_ORIGINS", "", func(s settings) any { return s.Allow }, config.List{}},
		"empty JSON list":             {"ALLOWED_ORIGINS", "[]", func(s settings) any { return s.Allow }, config.List{}},
		"seconds":                     {"CACHE_TTL", "0.25", func(s settings) any { return s.TTL.Duration() }, 250 * time.Millisecond},
		"no seconds":                  {"CACHE_TTL", "0", func(s settings) any { return s.TTL.Duration() }, time.Duration(0)},
		"URL with a slash":            {"USER_SERVICE_URL", "http://user:8001/", func(s settings) any { return s.User }, config.URL("http://user:8001")},
		"URL with a path":             {"USER_SERVICE_URL", "https://h/api", func(s settings) any { return s.User }, config.URL("https://h/api")},
		"SQLAlchemy's driver":         {"DATABASE_URL", "postgresql+psycopg2://u:p@h:5432/d", func(s settings) any { return string(s.DB) }, "postgresql://u:p@h:5432/d"},
		"short scheme":                {"DATABASE_URL", "postgres://u:p@h/d?sslmode=disable", func(s settings) any { return string(s.DB) }, "postgresql://u:p@h/d?sslmode=disable"},
		"absolute file":               {"DATABASE_URL", "sqlite+aiosqlite:////var/x.db", func(s settings) any { return string(s.DB) }, "sqlite:////var/x.db"},
		"prefix":                      {"SMTP_HOST", "mail", func(s settings) any { return s.Mail.Host }, "mail"},
		"space in a text stays":       {"APP_NAME", " x ", func(s settings) any { return s.Name }, " x "},
		"pointer":                     {"MAYBE", "7", func(s settings) any { return s.Maybe }, &n},
		"a name that ends in _FILE":   {"BUS_FILE", "/x", func(s settings) any { return s.BusFile }, "/x"},
		"a variable nobody knows":     {"NO_SUCH_SETTING", "1", func(s settings) any { return s.Port }, 8001},
		"a value that looks expanded": {"SECRET_KEY", "a$PORT${PORT}b", func(s settings) any { return s.Key }, "a$PORT${PORT}b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := config.Load[settings](config.Environ(with(map[string]string{tt.name: tt.value})))
			if err != nil {
				t.Fatal(err)
			}
			if v := tt.get(got); !reflect.DeepEqual(v, tt.want) {
				t.Errorf("got %v, want %v", v, tt.want)
			}
		})
	}
}

func TestEveryFaultAtOnce(t *testing.T) {
	_, err := config.Load[settings](config.Environ(map[string]string{
		"DEBUG": "maybe", "PORT": "eighty", "SECRET_KEY": "short", "CACHE_TTL": "-1", "SMALL": "300", "SHARE": "half", "COUNT": "-2",
		"DATABASE_URL": "mysql://root:hunter2@h/d", "USER_SERVICE_URL": "user:8001", "SMTP_WAIT": "soon", "MAYBE": "x y",
		"ALLOWED_ORIGINS": `["a",`,
	}))
	var faults config.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error %v is no Faults", err)
	}
	want := strings.Join([]string{
		"APP_NAME must be set",
		"DEBUG=maybe must be true or false",
		"PORT=eighty must be a whole number",
		`ALLOWED_ORIGINS="[\"a\"," must be a list of texts: a,b or ["a","b"]`,
		"SECRET_KEY=[masked] must have at least 8 bytes",
		"CACHE_TTL=-1 must be a number of seconds, 0 or more",
		"DATABASE_URL=mysql://root:[masked]@h/d must start with sqlite:/// or postgresql://",
		"USER_SERVICE_URL=user:8001 must be a URL such as http://localhost:8001",
		"SMALL=300 is too large",
		"SHARE=half must be a number",
		"COUNT=-2 must be a whole number, 0 or more",
		`MAYBE="x y" must be a whole number`,
		"SMTP_WAIT=soon must be a duration such as 1m30s",
	}, "\n")
	if got := err.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFaultsOfSingleValues(t *testing.T) {
	tests := map[string]struct{ name, value, want string }{
		"needed":                     {"SECRET_KEY", "", "SECRET_KEY must be set"},
		"breaks a rule of a struct":  {"PORT", "70000", "PORT=70000 must be from 1 to 65535"},
		"URL with a query":           {"USER_SERVICE_URL", "http://h?a=1", "USER_SERVICE_URL=http://h?a=1 must be a URL without query and fragment"},
		"URL without a port's range": {"USER_SERVICE_URL", "http://h:99999", "USER_SERVICE_URL=http://h:99999 must be a URL with a port from 1 to 65535"},
		"file without a path":        {"DATABASE_URL", "sqlite:///", "DATABASE_URL=sqlite:/// must be sqlite:///./file.db or sqlite:////absolute/file.db"},
		"two slashes":                {"DATABASE_URL", "sqlite://user.db", "DATABASE_URL=sqlite://user.db must be sqlite:///./file.db or sqlite:////absolute/file.db"},
		"no database":                {"DATABASE_URL", "postgresql://h", "DATABASE_URL=postgresql://h must be postgresql://user:password@host:5432/name"},
		"endless seconds":            {"CACHE_TTL", "inf", "CACHE_TTL=inf must be a number of seconds below a hundred years"},
		"no number":                  {"CACHE_TTL", "NaN", "CACHE_TTL=NaN must be a number of seconds, 0 or more"},
		"control characters":         {"PORT", "80\n01", `PORT="80\n01" must be a whole number`},
		"missing file":               {"SECRET_KEY_PREVIOUS_FILE", "/no/such/file", "SECRET_KEY_PREVIOUS can't be read by SECRET_KEY_PREVIOUS_FILE: open /no/such/file: no such file or directory"},
		"value and file":             {"SECRET_KEY_FILE", "/no/such/file", "SECRET_KEY is set together with SECRET_KEY_FILE; keep one of the two"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load[settings](config.Environ(with(map[string]string{tt.name: tt.value})))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestAStructThatIsNoConfigurationIsABug(t *testing.T) {
	type undocumented struct {
		A int `env:"A"`
	}
	type twice struct {
		A int `env:"A" doc:"a"`
		B int `env:"A" doc:"b"`
	}
	type nameless struct{ A int }
	type hidden struct {
		a int `env:"A" doc:"a"` //nolint:unused // Load must refuse it.
	}
	type inner struct {
		A int `env:"A" doc:"a"`
	}
	type hiding struct{ inner }
	for name, load := range map[string]func() error{
		"no doc":              func() error { _, err := config.Load[undocumented](); return err },
		"twice":               func() error { _, err := config.Load[twice](); return err },
		"no variable":         func() error { _, err := config.Load[nameless](); return err },
		"unexported":          func() error { _, err := config.Load[hidden](); return err },
		"embedded unexported": func() error { _, err := config.Load[hiding](); return err },
		"no struct":           func() error { _, err := config.Load[int](); return err },
	} {
		if err := load(); err == nil || errors.As(err, new(config.Faults)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// inDirectory writes files into a directory and returns it.
func inDirectory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDotenv(t *testing.T) {
	dir := inDirectory(t, map[string]string{
		".env": "\uFEFF# settings\r\nexport PORT=9001\r\nAPP_NAME='User $ervice' # shown\nSECRET_KEY=\"from .env\"\nUNKNOWN=1\n" +
			"DATABASE_URL=sqlite:///./a.db\nCACHE_TTL=\nSMALL=2\n",
		"key": "from the file\r\n",
	})
	t.Setenv("SMALL", "3")
	t.Setenv("SECRET_KEY_FILE", filepath.Join(dir, "key"))
	got, err := config.Load[settings](config.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if got.Port != 9001 || got.Name != "User $ervice" || got.TTL.Duration() != 300*time.Second || got.DB != "sqlite:///./a.db" {
		t.Errorf(".env was misread: %+v", got)
	}
	if got.Small != 3 || got.Key != "from the file" {
		t.Errorf("the environment doesn't win: SMALL=%d, SECRET_KEY=%q", got.Small, got.Key)
	}
}

func TestDotenvInTheWorkingDirectory(t *testing.T) {
	t.Chdir(inDirectory(t, map[string]string{".env": "PORT=9001\n"}))
	if got, err := config.Load[Common](config.Defaults(map[string]string{"APP_NAME": "x"})); err != nil || got.Port != 9001 {
		t.Errorf("got %+v, %v", got, err)
	}
	t.Chdir(t.TempDir())
	if got, err := config.Load[Common](config.Defaults(map[string]string{"APP_NAME": "x"})); err != nil || got.Port != 8001 {
		t.Errorf("without a file: %+v, %v", got, err)
	}
}

func TestABrokenDotenvLeaksNothing(t *testing.T) {
	for name, tt := range map[string]struct{ content, want string }{
		"no assignment":  {"PORT=1\n\n# c\nhello world\nSECRET_KEY=hunter2\n", "line 4 is not NAME=value"},
		"a name alone":   {"PORT\nSECRET_KEY=hunter2", "line 1 is not NAME=value"},
		"open quote":     {"SECRET_KEY=\"hunter2\nPORT=1\n", "a quote is not closed"},
		"dash in a name": {"SECRET-KEY=hunter2\n", "line 1 is not NAME=value"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := inDirectory(t, map[string]string{".env": tt.content})
			_, err := config.Load[Common](config.Dir(dir))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestADotenvThatCanNotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".env"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load[Common](config.Dir(dir), config.Defaults(map[string]string{"APP_NAME": "x"}))
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, ".env")) {
		t.Errorf("got %v", err)
	}
}

func TestSecretsInFiles(t *testing.T) {
	dir := inDirectory(t, map[string]string{"key": "line one\nline two\n\n", "empty": "\n"})
	got, err := config.Load[settings](config.Environ(map[string]string{
		"APP_NAME": "x", "SECRET_KEY_FILE": dir + "/key", "DATABASE_URL": "sqlite:///x",
	}))
	if err != nil || got.Key != "line one\nline two" {
		t.Errorf("got %q, %v", got.Key, err)
	}
	_, err = config.Load[settings](config.Environ(map[string]string{"APP_NAME": "x", "SECRET_KEY_FILE": dir + "/empty", "DATABASE_URL": "sqlite:///x"}))
	if err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty file: %v", err)
	}
}
