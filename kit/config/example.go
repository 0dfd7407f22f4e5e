package config

import (
	"bytes"
	"encoding"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Example writes a .env.example: every setting of T with its meaning, unit and
// default, under the headings of the groups. A copy of it changes nothing, apart
// from values that are only examples.
func Example[T any](w io.Writer, options ...Option) error {
	fields, err := fieldsOf(reflect.ValueOf(new(T)).Elem())
	if err != nil {
		return err
	}
	defaults := newSource(options).defaults
	var b bytes.Buffer
	b.WriteString("# Every setting with its default. Copy this file to .env beside it and change what you need;\n" +
		"# variables of the environment win over .env. NAME_FILE=path reads NAME from a file.\n")
	group := ""
	for _, f := range fields {
		if f.group != group {
			group = f.group
			fmt.Fprintf(&b, "\n# ---- %s ----\n", group)
		}
		value, ok := defaults[f.key]
		if !ok {
			value = f.tag.Get("envDefault")
		}
		fmt.Fprintf(&b, "\n# %s\n# %s\n", f.tag.Get("doc"), f.facts(value))
		switch example := f.tag.Get("example"); {
		case example != "":
			fmt.Fprintf(&b, "%s=%s\n", f.key, quote(example))
		case value != "":
			fmt.Fprintf(&b, "%s=%s\n", f.key, quote(value))
		default:
			fmt.Fprintf(&b, "#%s=\n", f.key)
		}
	}
	_, err = w.Write(b.Bytes())
	return err
}

// facts says unit and default on one line.
func (f field) facts(value string) string {
	var facts []string
	if unit := f.tag.Get("unit"); unit != "" {
		facts = append(facts, "Unit: "+unit+".")
	}
	switch auto := f.tag.Get("auto"); {
	case f.required():
		facts = append(facts, "Needed.")
	case auto != "":
		facts = append(facts, "Default: "+auto+".")
	case value == "":
		facts = append(facts, "Default: empty.")
	default:
		facts = append(facts, "Default: "+value)
	}
	if f.secret() {
		facts = append(facts, "Secret.")
	}
	return strings.Join(facts, " ")
}

// quote returns value so that a .env file gives it back.
func quote(value string) string {
	if strings.ContainsAny(value, " #$\\\"") {
		return "'" + value + "'"
	}
	return value
}

// Print writes NAME=value for every setting of cfg, with secrets masked and
// words for values that are computed.
func Print[T any](w io.Writer, cfg T) error {
	fields, err := fieldsOf(reflect.ValueOf(&cfg).Elem())
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, f := range fields {
		text, err := textOf(f.value)
		if err != nil {
			return fmt.Errorf("print %s: %w", f.key, err)
		}
		if auto := f.tag.Get("auto"); auto != "" && f.value.IsZero() {
			fmt.Fprintf(&b, "%s= # %s\n", f.key, auto)
			continue
		}
		fmt.Fprintf(&b, "%s=%s\n", f.key, shown(f, text))
	}
	_, err = w.Write(b.Bytes())
	return err
}

func textOf(v reflect.Value) (string, error) {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		return string(b), err
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", nil
		}
		return textOf(v.Elem())
	}
	return fmt.Sprint(v.Interface()), nil
}
