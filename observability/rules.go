package observability

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Group is a group of rules that Prometheus evaluates together.
type Group struct {
	File  string `yaml:"-"` // The name of the file that it stands in.
	Name  string
	Rules []Rule
}

// Rule records a series or raises an alert: one of Record and Alert is "".
type Rule struct {
	Record      string
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

// Groups returns all groups of rules, ordered by file.
func Groups() ([]Group, error) {
	byName, err := Rules()
	if err != nil {
		return nil, err
	}
	var all []Group
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		var file struct{ Groups []Group }
		if err := yaml.Unmarshal(byName[name], &file); err != nil {
			return nil, fmt.Errorf("rules of %s: %w", name, err)
		}
		for _, g := range file.Groups {
			g.File = name
			all = append(all, g)
		}
	}
	return all, nil
}

// WriteRules writes the rule files into the directory dir, which exists, with all
// durations divided by factor, as Scale does it.
func WriteRules(dir string, factor float64) error {
	byName, err := Rules()
	if err != nil {
		return err
	}
	for name, text := range byName {
		if text, err = Scale(text, factor); err != nil {
			return fmt.Errorf("scale %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
