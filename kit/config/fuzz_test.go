package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"shop/kit/config"
)

// FuzzDotenv: no file breaks the start other than by a fault of one line, which
// repeats nothing of the file.
func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{
		"A=1\nB='x'\n", "export A=\"b\\nc\"\n", "A", "=", "A=\"", "A='\\'", ":", "export", "A: b", "\uFEFFA=1", "A=$B${C}$(d)", "#", "\x00=\x00", "A=\r\n\rB",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		const marker = "hunter2hunter2"
		b = append(b, "\nMARKER="+marker...)
		if err := os.WriteFile(filepath.Join(dir, ".env"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Dotenv(dir)
		if err != nil && (strings.Contains(err.Error(), marker) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("error %q", err)
		}
	})
}

// FuzzTypes: any text is a value or a fault, and a value that is written again
// is the same value.
func FuzzTypes(f *testing.F) {
	for _, seed := range []string{
		"", "a,b", `["a","b"]`, "[", "1.5", "-0", "1e300", "0x1p-2", "http://h:1/a", "https://[::1]:8001", "sqlite:///x", "postgresql://u:p@h/d", "://", "True",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var list config.List
		if list.UnmarshalText([]byte(text)) == nil {
			var again config.List
			if !strings.ContainsAny(list.String(), ",[") {
				if err := again.UnmarshalText([]byte(list.String())); err != nil || !reflect.DeepEqual(list, again) {
					t.Errorf("list %q read again is %q, %v", list, again, err)
				}
			}
		}
		var seconds config.Seconds
		if seconds.UnmarshalText([]byte(text)) == nil {
			var again config.Seconds
			if err := again.UnmarshalText([]byte(seconds.String())); err != nil || again != seconds || seconds < 0 {
				t.Errorf("%v seconds read again are %v, %v", seconds, again, err)
			}
		}
		var u config.URL
		if u.UnmarshalText([]byte(text)) == nil {
			var again config.URL
			if err := again.UnmarshalText([]byte(u)); err != nil || again != u || strings.HasSuffix(string(u), "/") {
				t.Errorf("URL %q read again is %q, %v", string(u), string(again), err)
			}
		}
		var db config.DatabaseURL
		if db.UnmarshalText([]byte(text)) == nil {
			var again config.DatabaseURL
			if err := again.UnmarshalText([]byte(db)); err != nil || again != db {
				t.Errorf("database %q read again is %q, %v", string(db), string(again), err)
			}
		}
		_, err := config.Load[settings](config.Environ(map[string]string{
			"APP_NAME": text, "DEBUG": text, "PORT": text, "CACHE_TTL": text, "SMALL": text, "SHARE": text, "SECRET_KEY": text, "SMTP_WAIT": text,
		}))
		var faults config.Faults
		if err != nil && !errors.As(err, &faults) {
			t.Errorf("error %v is no Faults", err)
		}
		if got, want := len(strings.Split(errText(err), "\n")), max(1, len(faults)); got != want {
			t.Errorf("%d faults in %d lines", want, got)
		}
	})
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
