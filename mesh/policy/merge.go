package policy

import (
	"regexp"

	"go.yaml.in/yaml/v3"
)

// fixed are the mappings that an overlay may not add keys to, by their path:
// services, and who calls whom by what. What else it adds is checked with the
// rest.
var fixed = regexp.MustCompile(`^(services|calls(\.[^.]+(\.[^.]+)?)?)$`)

// merge puts what changes says into base: mappings key by key, everything else
// as a whole.
func (d *decoder) merge(base, changes *yaml.Node, path string) {
	for i := 0; i+1 < len(changes.Content); i += 2 {
		key, value := changes.Content[i], changes.Content[i+1]
		at := join(path, key.Value)
		old := find(base, key.Value)
		switch {
		case old == nil && fixed.MatchString(path):
			d.fault(key, at, "is not in the policy; an overlay changes what is there")
		case old == nil:
			base.Content = append(base.Content, key, value)
		case base.Content[*old+1].Kind == yaml.MappingNode && value.Kind == yaml.MappingNode:
			d.merge(base.Content[*old+1], value, at)
		default:
			base.Content[*old], base.Content[*old+1] = key, value
		}
	}
}

// find returns where the key stands in a mapping.
func find(mapping *yaml.Node, key string) *int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return &i
		}
	}
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
