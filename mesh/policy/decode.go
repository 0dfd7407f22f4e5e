package policy

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// decoder reads YAML into a Policy and collects every fault with its line, which
// the decoder of the YAML package can't: it stops at the first, and knows no
// paths and no ranges.
type decoder struct {
	files  []string
	file   map[*yaml.Node]string
	at     map[string]position // By path, for faults that show later.
	faults Faults
}

type position struct {
	file string
	line int
}

func (d *decoder) fault(n *yaml.Node, path, rule string) {
	d.faults = append(d.faults, Fault{File: d.file[n], Line: n.Line, Path: path, Rule: rule})
}

// wrong notes that the value at path breaks rule. A value that was left out is
// looked for where it would stand.
func (d *decoder) wrong(path, rule string) {
	at := path
	for {
		if p, known := d.at[at]; known || at == "" {
			d.faults = append(d.faults, Fault{File: p.file, Line: p.line, Path: path, Rule: rule})
			return
		}
		at = at[:max(strings.LastIndexByte(at, '.'), 0)]
	}
}

func (d *decoder) decode(root *yaml.Node, p *Policy) {
	d.at[""] = position{d.file[root], root.Line}
	d.value(root, reflect.ValueOf(p).Elem(), "", "")
}

// value reads n into v. limits is the tag of v's field.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string, limits reflect.StructTag) {
	if path != "" {
		d.at[path] = position{d.file[n], n.Line}
	}
	if v.Kind() == reflect.Struct || v.Kind() == reflect.Map {
		if n.Kind != yaml.MappingNode {
			d.fault(n, path, "must be a mapping")
			return
		}
		d.unique(n, path)
		if v.Kind() == reflect.Struct {
			d.fields(n, v, path)
		} else {
			d.entries(n, v, path)
		}
		return
	}
	if v.Kind() == reflect.Slice {
		d.list(n, v, path)
		return
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.fault(n, path, "must be a value")
		return
	}
	if rule := scalar(n, v); rule != "" {
		d.fault(n, path, rule)
		return
	}
	if rule := within(v, limits); rule != "" {
		d.fault(n, path, rule)
	}
}

// unique notes keys that stand twice in a mapping.
func (d *decoder) unique(n *yaml.Node, path string) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if seen[key.Value] {
			d.fault(key, join(path, key.Value), "stands here twice")
		}
		seen[key.Value] = true
	}
}

// fields reads a mapping into the struct v.
func (d *decoder) fields(n *yaml.Node, v reflect.Value, path string) {
	var known []string
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		known = append(known, name)
		switch at := find(n, name); {
		case at != nil:
			d.value(n.Content[*at+1], v.Field(i), join(path, name), field.Tag)
		case option != "optional":
			d.fault(n, join(path, name), "is missing")
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; !slices.Contains(known, key.Value) {
			d.fault(key, join(path, key.Value), "is unknown; known here: "+strings.Join(known, ", "))
		}
	}
}

// entries reads a mapping into the map v.
func (d *decoder) entries(n *yaml.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		at := join(path, n.Content[i].Value)
		key := reflect.New(v.Type().Key()).Elem()
		if rule := scalar(n.Content[i], key); rule != "" {
			d.fault(n.Content[i], at, rule)
			continue
		}
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(n.Content[i+1], value, at, "")
		v.SetMapIndex(key, value)
	}
}

// list reads a sequence into the slice v.
func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n, path, "must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.value(item, v.Index(i), path+"["+strconv.Itoa(i)+"]", "")
	}
}

// scalar reads n into v and returns the rule that n breaks, "" if none.
func scalar(n *yaml.Node, v reflect.Value) string {
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := text.UnmarshalText([]byte(n.Value)); err != nil {
			return err.Error()
		}
		return ""
	}
	switch v.Interface().(type) {
	case time.Duration:
		t, err := time.ParseDuration(n.Value)
		if err != nil {
			return "must be a time like 250ms or 5s"
		}
		v.SetInt(int64(t))
	case int:
		i, err := strconv.Atoi(n.Value)
		if err != nil || n.Tag != "!!int" {
			return "must be a whole number"
		}
		v.SetInt(int64(i))
	case bool:
		if n.Tag != "!!bool" {
			return "must be true or false"
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case string:
		if n.Tag != "!!str" || n.Value == "" {
			return "must be a text"
		}
		v.SetString(n.Value)
	default:
		panic(fmt.Sprintf("policy: no reader for %s", v.Type()))
	}
	return ""
}

// within returns the rule of min and max in limits that v breaks, "" if none.
func within(v reflect.Value, limits reflect.StructTag) string {
	low, high := limits.Get("min"), limits.Get("max")
	if low == "" {
		return ""
	}
	if v.Int() < bound(low, v.Type()) || v.Int() > bound(high, v.Type()) {
		return "must be between " + low + " and " + high
	}
	return ""
}

// bound returns the number that a tag's text is for values of type t.
func bound(text string, t reflect.Type) int64 {
	v := reflect.New(t).Elem()
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: text}
	if rule := scalar(n, v); rule != "" {
		panic(fmt.Sprintf("policy: limit %q %s", text, rule))
	}
	return v.Int()
}
