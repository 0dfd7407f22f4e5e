package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shop/kit/telemetry"
)

// Seconds is a duration that is written as a number of seconds: 300 or 0.5.
type Seconds time.Duration

// Duration returns s as the type everything else uses.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

func (s Seconds) String() string {
	return strconv.FormatFloat(time.Duration(s).Seconds(), 'f', -1, 64)
}

// UnmarshalText reads a number that is not negative.
func (s *Seconds) UnmarshalText(b []byte) error {
	n, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsNaN(n) || n < 0 {
		return errors.New("must be a number of seconds, 0 or more")
	}
	if n > 100*365*24*3600 {
		return errors.New("must be a number of seconds below a hundred years")
	}
	*s = Seconds(math.Round(n * float64(time.Second)))
	return nil
}

// List is written with commas, a, b, or as a JSON list, ["a", "b"].
type List []string

func (l List) String() string { return strings.Join(l, ",") }

// UnmarshalText drops the space around elements and empty elements.
func (l *List) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	var elements []string
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &elements); err != nil {
			return errors.New(`must be a list of texts: a,b or ["a","b"]`)
		}
	} else {
		elements = strings.Split(text, ",")
	}
	*l = List{}
	for _, e := range elements {
		if e = strings.TrimSpace(e); e != "" {
			*l = append(*l, e)
		}
	}
	return nil
}

// URL is the address of an HTTP service, http://host:port[/path] without a
// trailing slash. "" is no address.
type URL string

func (u URL) String() string { return telemetry.Scrub(string(u)) }

// UnmarshalText wants scheme http or https, a host, and no query or fragment.
func (u *URL) UnmarshalText(b []byte) error {
	parsed, err := url.Parse(string(b))
	switch {
	case err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Hostname() == "":
		return errors.New("must be a URL such as http://localhost:8001")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return errors.New("must be a URL without query and fragment")
	}
	if p := parsed.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return errors.New("must be a URL with a port from 1 to 65535")
		}
	}
	*u = URL(strings.TrimRight(string(b), "/"))
	return nil
}

// DatabaseURL is written as SQLAlchemy writes it: sqlite:///./relative.db,
// sqlite:////absolute.db or postgresql://user:password@host:port/name; the driver
// in postgresql+psycopg2:// is dropped. Its String and log value hide the
// password; convert it to string to connect.
type DatabaseURL string

// String returns the URL with its password masked.
func (u DatabaseURL) String() string { return telemetry.Scrub(string(u)) }

// LogValue hides the password.
func (u DatabaseURL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// UnmarshalText normalises the scheme.
func (u *DatabaseURL) UnmarshalText(b []byte) error {
	scheme, rest, ok := strings.Cut(string(b), "://")
	dialect, _, _ := strings.Cut(strings.ToLower(scheme), "+")
	switch dialect {
	case "sqlite":
		path, isPath := strings.CutPrefix(rest, "/")
		if !ok || !isPath || path == "" {
			return errors.New("must be sqlite:///./file.db or sqlite:////absolute/file.db")
		}
		*u = DatabaseURL("sqlite://" + rest)
		return nil
	case "postgresql", "postgres":
		full := "postgresql://" + rest
		if parsed, err := url.Parse(full); !ok || err != nil || strings.Trim(parsed.Path, "/") == "" {
			return errors.New("must be postgresql://user:password@host:5432/name")
		}
		*u = DatabaseURL(full)
		return nil
	}
	return fmt.Errorf("must start with sqlite:/// or postgresql://")
}

// parseBool reads what people write in .env files.
func parseBool(s string) (any, error) {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "y", "on", "t":
		return true, nil
	case "false", "0", "no", "n", "off", "f":
		return false, nil
	}
	return nil, errors.New("must be true or false")
}
