package openapi

import (
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// toJSON returns a YAML document as JSON, its members in the order in which they
// are written: that is the order in which the pages show them.
func toJSON(n *yaml.Node) ([]byte, error) { return appendNode(nil, n, 0) }

// maxDepth bounds what an alias inside of its own anchor would make endless.
const maxDepth = 100

func appendNode(b []byte, n *yaml.Node, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: nested too deeply", n.Line)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return appendNode(b, n.Alias, depth+1)
	case yaml.MappingNode:
		return appendMapping(b, n, depth)
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, item := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendNode(b, item, depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	default:
		return appendScalar(b, n)
	}
}

func appendMapping(b []byte, n *yaml.Node, depth int) ([]byte, error) {
	b = append(b, '{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		if i > 0 {
			b = append(b, ',')
		}
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return nil, fmt.Errorf("line %d: JSON has no such key", key.Line)
		}
		name, err := json.Marshal(key.Value) // 200: is "200":
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", key.Line, err)
		}
		b = append(append(b, name...), ':')
		if b, err = appendNode(b, n.Content[i+1], depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendScalar(b []byte, n *yaml.Node) ([]byte, error) {
	if (n.Tag == "!!int" || n.Tag == "!!float") && json.Valid([]byte(n.Value)) {
		return append(b, n.Value...), nil // As it is written: 24000000.00.
	}
	var value any = n.Value
	if n.Tag != "!!str" && n.Tag != "!!timestamp" {
		if err := n.Decode(&value); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", n.Line, err)
	}
	return append(b, text...), nil
}
