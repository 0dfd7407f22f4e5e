// Package config reads a service's settings into a struct, from the environment
// and a .env file, and reports every fault at once. The struct is the document:
//
//	Port int `env:"PORT" envDefault:"8001" unit:"port" doc:"Where clients connect."`
//
// Tags: env (with ",required" where there is no sensible default), envDefault,
// unit, doc (needed), secret:"true" (never shown), example (a value for
// .env.example that is no default), auto (words for a default that is computed),
// group (a heading; it holds until the next). Nested and embedded structs are
// read too, with envPrefix if given.
package config

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Option changes where Load reads from.
type Option func(*source)

// Dir says where the .env file is; the default is the working directory. A
// missing file is no fault.
func Dir(dir string) Option { return func(s *source) { s.dir = dir } }

// Defaults gives defaults by variable that win over the tag envDefault, for
// settings that services share but with other defaults.
func Defaults(defaults map[string]string) Option {
	return func(s *source) {
		merged := maps.Clone(s.defaults)
		if merged == nil {
			merged = map[string]string{}
		}
		maps.Copy(merged, defaults)
		s.defaults = merged
	}
}

// Environ replaces the environment of the process; no .env file is read.
func Environ(environment map[string]string) Option {
	return func(s *source) { s.environ, s.dir = environment, "" }
}

// Validator is a settings struct, or one nested in it, that has rules about its
// values. Validate returns Faults.
type Validator interface{ Validate() error }

// Load reads a T. A variable of the process environment wins over .env, which
// wins over the default; an empty value counts as not set (an empty list is a
// value). NAME_FILE names a file that holds the value of NAME. Variables that T
// doesn't know are ignored. The error is Faults: every fault, one line each.
func Load[T any](options ...Option) (T, error) {
	var cfg T
	src := newSource(options)
	fields, err := fieldsOf(reflect.ValueOf(&cfg).Elem())
	if err != nil {
		return cfg, err
	}
	values, faults := src.read(fields)
	wrong := map[string]bool{}
	for _, f := range faults {
		wrong[f.Variable] = true
	}
	for _, f := range fields {
		if wrong[f.key] {
			continue
		}
		if rule := f.set(values); rule != "" {
			faults.Add(f.key, rule)
			wrong[f.key] = true
		}
	}
	for _, f := range validate(reflect.ValueOf(&cfg).Elem()) {
		if !wrong[f.Variable] { // What could not be read has no value to judge.
			faults.Add(f.Variable, f.Rule)
		}
	}
	return cfg, faults.describe(fields, values).Err()
}

// source is where values come from.
type source struct {
	dir      string // Of .env; "" = none.
	environ  map[string]string
	defaults map[string]string
}

func newSource(options []Option) source {
	s := source{dir: ".", environ: env.ToMap(os.Environ())}
	for _, o := range options {
		o(&s)
	}
	return s
}

// read returns the value of every field that has one, with NAME_FILE followed.
func (s source) read(fields []field) (map[string]string, Faults) {
	var faults Faults
	file := map[string]string{}
	if s.dir != "" {
		var err error
		if file, err = Dotenv(s.dir); err != nil {
			faults.Add("", err.Error())
		}
	}
	values := map[string]string{}
	for _, f := range fields {
		v, ok := s.defaults[f.key]
		if ok {
			values[f.key] = v
		}
		for _, layer := range []map[string]string{file, s.environ} { // The later wins.
			v, ok, err := lookup(layer, f)
			if err != nil {
				faults.Add(f.key, err.Error())
			}
			if ok {
				values[f.key] = v
			}
		}
	}
	return values, faults
}

// lookup returns the value that one layer has for f, directly or by NAME_FILE.
func lookup(layer map[string]string, f field) (string, bool, error) {
	v, set := layer[f.key]
	if set && v == "" && f.list() {
		return "[]", true, nil
	}
	set = set && v != ""
	path := layer[f.key+"_FILE"]
	switch {
	case path == "":
		return v, set, nil
	case set:
		return "", false, fmt.Errorf("is set together with %s_FILE; keep one of the two", f.key)
	}
	b, err := os.ReadFile(path) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return "", false, fmt.Errorf("can't be read by %s_FILE: %w", f.key, err)
	}
	v = strings.TrimRight(string(b), "\r\n")
	if v == "" {
		return "", false, fmt.Errorf("can't be read by %s_FILE: %s is empty", f.key, path)
	}
	return v, true, nil
}
