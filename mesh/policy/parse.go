package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Source is a file with a policy, or with changes to one.
type Source struct {
	Name string // Stands in faults.
	Text []byte
}

// maxNodes bounds what aliases can make of a small file.
const maxNodes = 100_000

// Parse returns the policy in src with what each overlay changes in it. An
// overlay has the same form as the policy and holds nothing but what it changes;
// it may not add services and calls. The error is a Faults with everything that
// is wrong.
func Parse(name string, src []byte, overlays ...Source) (*Policy, error) {
	d := &decoder{files: []string{name}, file: map[*yaml.Node]string{}, at: map[string]position{}}
	root := d.read(Source{name, src})
	for _, o := range overlays {
		d.files = append(d.files, o.Name)
		changes := d.read(o)
		if root != nil && changes != nil {
			d.merge(root, changes, "")
		}
	}
	if len(d.faults) > 0 {
		return nil, d.err()
	}
	p := &Policy{}
	d.decode(root, p)
	if len(d.faults) == 0 { // Values that could not be read say nothing about each other.
		d.check(p)
	}
	if len(d.faults) > 0 {
		return nil, d.err()
	}
	return p, nil
}

func (d *decoder) err() error {
	d.faults.sort(d.files)
	return d.faults
}

// lineOf finds the line in an error of the YAML parser.
var lineOf = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// read returns the mapping in a file, nil after a fault.
func (d *decoder) read(s Source) *yaml.Node {
	var document yaml.Node
	in := yaml.NewDecoder(bytes.NewReader(s.Text))
	if err := in.Decode(&document); err != nil {
		f := Fault{File: s.Name, Rule: "is empty"}
		if !errors.Is(err, io.EOF) {
			f.Rule = err.Error()
			if m := lineOf.FindStringSubmatch(f.Rule); m != nil {
				f.Line, _ = strconv.Atoi(m[1]) // "" is no line.
				f.Rule = "is no YAML: " + m[2]
			}
		}
		d.faults = append(d.faults, f)
		return nil
	}
	if err := in.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		d.faults = append(d.faults, Fault{File: s.Name, Rule: "must be one YAML document"})
		return nil
	}
	left := maxNodes
	root, ok := d.own(document.Content[0], s.Name, &left)
	if !ok {
		d.faults = append(d.faults, Fault{File: s.Name, Rule: fmt.Sprintf("has more than %d values", maxNodes)})
		return nil
	}
	if root.Kind != yaml.MappingNode {
		d.faults = append(d.faults, Fault{File: s.Name, Line: root.Line, Rule: "must be a mapping"})
		return nil
	}
	return root
}

// own returns a copy of n without aliases and notes the file of every node.
func (d *decoder) own(n *yaml.Node, file string, left *int) (*yaml.Node, bool) {
	if *left--; *left < 0 {
		return nil, false
	}
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		var ok bool
		if c.Content[i], ok = d.own(child, file, left); !ok {
			return nil, false
		}
	}
	d.file[&c] = file
	return &c, true
}
