package render

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Static returns f as one file without anything to watch, for
// `envoy --mode validate`: that does not read listeners and clusters that the
// bootstrap names, and so finds no fault in them. The certificates that f names
// must be there.
func Static(f Files) ([]byte, error) {
	root, err := mapping(f[BootstrapFile])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", BootstrapFile, err)
	}
	remove(root, "dynamic_resources")
	static := &yaml.Node{Kind: yaml.MappingNode}
	for _, part := range []struct {
		key   string
		files []string
	}{
		{"listeners", []string{ListenersFile}},
		{"clusters", []string{ClustersFile}},
		{"secrets", []string{IdentityFile, RootsFile, PublicFile}},
	} {
		all := &yaml.Node{Kind: yaml.SequenceNode}
		for _, name := range part.files {
			if f[name] == nil {
				continue
			}
			file, err := mapping(f[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			for _, resource := range child(file, "resources").Content {
				remove(resource, "@type")
				inPlace(resource)
				all.Content = append(all.Content, resource)
			}
		}
		static.Content = append(static.Content, scalarNode("!!str", part.key), all)
	}
	root.Content = append(root.Content, scalarNode("!!str", "static_resources"), static)
	return encodeYAML(root)
}

// inPlace lets secrets be those of the same file: they are not looked for in
// another, and nothing of theirs is watched.
func inPlace(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		remove(n, "sds_config")
		remove(n, "watched_directory")
	}
	for _, c := range n.Content {
		inPlace(c)
	}
}

// mapping reads the mapping in a file.
func mapping(src []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(src, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("is no mapping")
	}
	return document.Content[0], nil
}

func remove(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

// child returns the value of a key, an empty one if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return &yaml.Node{}
}
