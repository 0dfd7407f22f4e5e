package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// field is one setting of a struct.
type field struct {
	key   string // The variable.
	group string
	tag   reflect.StructTag
	kind  reflect.StructField
	value reflect.Value
}

// fieldsOf returns the settings of the struct v in the order they are written.
func fieldsOf(v reflect.Value) ([]field, error) {
	var fields []field
	seen := map[string]bool{}
	group := ""
	var walk func(v reflect.Value, prefix string) error
	walk = func(v reflect.Value, prefix string) error {
		for i := range v.NumField() {
			sf := v.Type().Field(i)
			if g := sf.Tag.Get("group"); g != "" {
				group = g
			}
			key, _, _ := strings.Cut(sf.Tag.Get("env"), ",")
			switch {
			case key == "-":
			case !sf.IsExported():
				return fmt.Errorf("config: the field %s can't be set: export it", sf.Name)
			case key != "":
				key = prefix + key
				if seen[key] {
					return fmt.Errorf("config: %s stands twice in the settings", key)
				}
				if sf.Tag.Get("doc") == "" {
					return fmt.Errorf("config: %s has no doc", key)
				}
				seen[key] = true
				fields = append(fields, field{key: key, group: group, tag: sf.Tag, kind: sf, value: v.Field(i)})
			case sf.Type.Kind() == reflect.Struct:
				if err := walk(v.Field(i), prefix+sf.Tag.Get("envPrefix")); err != nil {
					return err
				}
			default:
				return fmt.Errorf("config: the field %s names no variable", sf.Name)
			}
		}
		return nil
	}
	if v.Kind() != reflect.Struct {
		return nil, fmt.Errorf("config: %s is no struct", v.Type())
	}
	return fields, walk(v, "")
}

func (f field) secret() bool   { return f.tag.Get("secret") == "true" }
func (f field) list() bool     { return f.kind.Type.Kind() == reflect.Slice }
func (f field) required() bool { return strings.HasSuffix(f.tag.Get("env"), ",required") }

// set parses the field's own variable out of values and returns the rule that
// it breaks. The library parses a struct of this one field, so that a fault is
// never that of another field of the same name.
func (f field) set(values map[string]string) (rule string) {
	own, _, _ := strings.Cut(f.tag.Get("env"), ",")
	environment := map[string]string{}
	if v, ok := values[f.key]; ok {
		if f.kind.Type.Kind() != reflect.String {
			v = strings.TrimSpace(v)
		}
		environment[own] = v
	}
	single := reflect.New(reflect.StructOf([]reflect.StructField{{Name: f.kind.Name, Type: f.kind.Type, Tag: f.kind.Tag}}))
	err := env.ParseWithOptions(single.Interface(), env.Options{
		Environment: environment,
		FuncMap:     map[reflect.Type]env.ParserFunc{reflect.TypeFor[bool](): parseBool},
	})
	if err == nil {
		f.value.Set(single.Elem().Field(0))
		return ""
	}
	return f.ruleOf(err)
}

// ruleOf says what a value must be. It never repeats the value, which may be a
// secret.
func (f field) ruleOf(err error) string {
	unset, empty := env.VarIsNotSetError{}, env.EmptyVarError{}
	if errors.As(err, &unset) || errors.As(err, &empty) {
		return "must be set"
	}
	var parse env.ParseError
	if errors.As(err, &parse) {
		err = parse.Err // The library's error hides its cause from errors.Is.
		if _, own := f.value.Addr().Interface().(encoding.TextUnmarshaler); own {
			return err.Error()
		}
	}
	t := f.kind.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[time.Duration]() {
		return "must be a duration such as 1m30s"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if errors.Is(err, strconv.ErrRange) {
			return "is too large"
		}
		return "must be a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if errors.Is(err, strconv.ErrRange) {
			return "is too large"
		}
		return "must be a whole number, 0 or more"
	case reflect.Float32, reflect.Float64:
		return "must be a number"
	default:
		return "is no " + t.String()
	}
}

// validate collects the faults of v and of the structs nested in it. A method
// that is promoted from an embedded struct reports twice; Faults.Add drops that.
func validate(v reflect.Value) Faults {
	var faults Faults
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if sf.IsExported() && sf.Type.Kind() == reflect.Struct && sf.Tag.Get("env") == "" {
			faults.merge(validate(v.Field(i)))
		}
	}
	if x, ok := v.Addr().Interface().(Validator); ok {
		faults.merge(faultsOf(x.Validate()))
	}
	return faults
}
