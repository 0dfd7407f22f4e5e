package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// header is the first line of every file.
const header = "# Code generated from mesh.yaml by `go run ./mesh/cmd/mesh render`. DO NOT EDIT.\n"

// width is how many characters a mapping or a list may have to stand on one
// line.
const width = 150

// encode returns m as a YAML file.
func (b *builder) encode(m message) []byte {
	b.validate(m)
	return b.write(b.node(m))
}

// resources returns messages of one type as a file that Envoy watches.
func resources[M message](b *builder, list []M) []byte {
	items := &yaml.Node{Kind: yaml.SequenceNode}
	for _, m := range list {
		items.Content = append(items.Content, b.node(b.any(m)))
	}
	return b.write(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalarNode("!!str", "resources"), items}})
}

// node returns m in the JSON form of protocol buffers. Their own encoder varies
// white space from build to build, so only its tokens are taken.
func (b *builder) node(m proto.Message) *yaml.Node {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		b.failed = append(b.failed, fmt.Errorf("encode a %T: %w", m, err))
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := fromJSON(d)
	if err != nil {
		b.failed = append(b.failed, fmt.Errorf("encode a %T: %w", m, err))
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	return n
}

func (b *builder) write(n *yaml.Node) []byte {
	out, err := encodeYAML(n)
	if err != nil {
		b.failed = append(b.failed, err)
	}
	return out
}

func encodeYAML(n *yaml.Node) ([]byte, error) {
	condense(n)
	var out bytes.Buffer
	out.WriteString(header)
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(n), e.Close()); err != nil {
		return nil, fmt.Errorf("encode YAML: %w", err)
	}
	return out.Bytes(), nil
}

// fromJSON reads one value and keeps the order of its keys, which is that of the
// message's definition.
func fromJSON(d *json.Decoder) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if t == '{' {
			n.Kind = yaml.MappingNode
		}
		for d.More() {
			child, err := fromJSON(d)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		if _, err := d.Token(); err != nil && !errors.Is(err, io.EOF) { // The closing one.
			return nil, err
		}
		return n, nil
	case string:
		return scalarNode("!!str", t), nil
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(t.String(), ".eE") {
			tag = "!!float"
		}
		return scalarNode(tag, t.String()), nil
	case bool:
		return scalarNode("!!bool", fmt.Sprint(t)), nil
	default:
		return scalarNode("!!null", "null"), nil
	}
}

func scalarNode(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// condense puts what is short on one line and returns how many characters n
// takes there.
func condense(n *yaml.Node) int {
	if n.Kind == yaml.ScalarNode {
		return len(n.Value) + 4
	}
	size := 2
	for _, child := range n.Content {
		size += condense(child)
	}
	n.Style = 0
	if size <= width {
		n.Style = yaml.FlowStyle
	}
	return size
}
