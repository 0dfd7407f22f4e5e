package observability_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// ruleTest is a file of tests for promtool.
type ruleTest struct {
	Name     string   `yaml:"-"`
	Rules    []string `yaml:"rule_files"`
	Interval string   `yaml:"evaluation_interval"`
	Order    []string `yaml:"group_eval_order,omitempty"`
	Tests    []ruleCase
}

type ruleCase struct {
	Name     string
	Interval string
	Series   yaml.Node    `yaml:"input_series"`
	Alerts   []alertCase  `yaml:"alert_rule_test,omitempty"`
	Samples  []sampleCase `yaml:"promql_expr_test,omitempty"`
}

type alertCase struct {
	At     string `yaml:"eval_time"`
	Alert  string `yaml:"alertname"`
	Firing []struct {
		Labels      map[string]string `yaml:"exp_labels"`
		Annotations map[string]string `yaml:"exp_annotations"`
	} `yaml:"exp_alerts"`
}

type sampleCase struct {
	Expr string
	At   string      `yaml:"eval_time"`
	Want []yaml.Node `yaml:"exp_samples"`
}

// ruleTests returns the committed tests of rules.
func ruleTests(t *testing.T) []ruleTest {
	t.Helper()
	var all []ruleTest
	for _, path := range files(t, filepath.Join("prometheus", "tests"), "*_test.yml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := ruleTest{Name: filepath.Base(path)}
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, file)
	}
	return all
}

// loads reports whether the tests are of the rules in the file called name.
func (f ruleTest) loads(name string) bool { return slices.Contains(f.Rules, "../rules/"+name) }

// about returns the tests that name one of words.
func (f ruleTest) about(words []string) ruleTest {
	f.Tests = slices.DeleteFunc(slices.Clone(f.Tests), func(c ruleCase) bool { return !c.about(words) })
	return f
}

func (c ruleCase) about(words []string) bool {
	for _, a := range c.Alerts {
		if slices.Contains(words, a.Alert) {
			return true
		}
	}
	for _, s := range c.Samples {
		for _, word := range words {
			if strings.Contains(s.Expr, word) {
				return true
			}
		}
	}
	return false
}
