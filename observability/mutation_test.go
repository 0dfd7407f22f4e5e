package observability_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"shop/observability"
)

// A threshold, a wait or a range of a rule that is halved or doubled makes a test
// fail: promtool is run on the rules with that one change.
func TestEveryThresholdIsProven(t *testing.T) {
	tests := ruleTests(t)
	originals, err := observability.Rules()
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(originals)) {
		var doc yaml.Node
		if err := yaml.Unmarshal(originals[name], &doc); err != nil {
			t.Fatal(err)
		}
		for _, rule := range rulesOf(&doc) {
			for _, m := range mutants(rule) {
				total++
				text := m.apply(t, &doc)
				t.Run(name+"/"+m.title, func(t *testing.T) {
					t.Parallel()
					dir := mutated(t, originals, name, text)
					for _, file := range provers(tests, name, rule) {
						if !passes(t, dir, file) {
							return
						}
					}
					t.Error("no test fails")
				})
			}
		}
	}
	const least = 230
	if total < least {
		t.Errorf("only %d mutants, want %d at least", total, least)
	}
}

// ruleNode is a rule as it stands in its file.
type ruleNode struct {
	name   string // Of the alert or the record.
	burn   string // The label burn, "" if there is none.
	fields map[string]*yaml.Node
}

func rulesOf(doc *yaml.Node) []ruleNode {
	var all []ruleNode
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		fields := map[string]*yaml.Node{}
		if n.Kind == yaml.MappingNode {
			for i := 0; i < len(n.Content); i += 2 {
				fields[n.Content[i].Value] = n.Content[i+1]
			}
		}
		if fields["expr"] == nil {
			for _, child := range n.Content {
				walk(child)
			}
			return
		}
		r := ruleNode{fields: fields}
		for _, key := range []string{"alert", "record"} {
			if fields[key] != nil {
				r.name = fields[key].Value
			}
		}
		if labels := fields["labels"]; labels != nil {
			for i := 0; i < len(labels.Content); i += 2 {
				if labels.Content[i].Value == "burn" {
					r.burn = labels.Content[i+1].Value
				}
			}
		}
		all = append(all, r)
	}
	walk(doc)
	return all
}

// mutant is one change of one rule.
type mutant struct {
	title string
	node  *yaml.Node
	text  string // What the node becomes.
}

// apply returns the rule file with the change.
func (m mutant) apply(t *testing.T, doc *yaml.Node) []byte {
	t.Helper()
	before := m.node.Value
	defer func() { m.node.Value = before }()
	m.node.Value = m.text
	text, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// mutants returns every change of r that a test has to notice. The ranges of the
// goals' records are shown by TestEveryWindowOfAGoalAsksTheSame, and what a ratio is
// divided by is 0 or not.
func mutants(r ruleNode) []mutant {
	var all []mutant
	add := func(what string, node *yaml.Node, text string) {
		title := fmt.Sprintf("%s line %d %s", strings.TrimSpace(r.name+" "+r.burn), node.Line, what)
		all = append(all, mutant{title, node, text})
	}
	if wait := r.fields["for"]; wait != nil {
		for _, factor := range []float64{0.5, 2} {
			text := scaled(wait.Value, factor)
			add("for: "+text, wait, text)
		}
	}
	goal := strings.HasPrefix(r.name, "slo:")
	expr := r.fields["expr"]
	for n, span := range observability.Tokens(expr.Value) {
		before, word, after := expr.Value[:span[0]], expr.Value[span[0]:span[1]], expr.Value[span[1]:]
		var words []string
		switch number, err := strconv.ParseFloat(word, 64); {
		case observability.IsDuration(word) && !goal:
			words = []string{scaled(word, 0.5), scaled(word, 2)}
		case err != nil, strings.HasPrefix(after, " - "), strings.HasPrefix(after, ") - "), structural(before, word, after):
			continue
		case goal && !strings.HasSuffix(r.name, ":objective"):
			continue
		case number == 0:
			words = []string{"1"}
		case r.burn != "": // TestEveryGoalBurnsInThreeWays has the figures.
			words = []string{number64(number / 2)}
		default:
			words = []string{number64(number / 2), number64(number * 2)}
		}
		for _, w := range words {
			add(fmt.Sprintf("token %d %s → %s", n, word, w), expr, before+w+after)
		}
	}
	return all
}

// structural reports whether a number is no threshold: the 0 that keeps a division
// from being one by 0.
func structural(before, word, after string) bool {
	return word == "0" && strings.HasSuffix(before, " > ") && strings.HasPrefix(after, ")")
}

func number64(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

var wholeDuration = regexp.MustCompile(`^(\d+)(s|m|h|d)$`)

// scaled returns a duration of one unit times factor, in seconds.
func scaled(text string, factor float64) string {
	part := wholeDuration.FindStringSubmatch(text)
	seconds := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400}[part[2]]
	n, _ := strconv.Atoi(part[1]) // Digits.
	return strconv.Itoa(int(float64(n)*seconds*factor)) + "s"
}

// mutated returns a directory with all rule files, one of them changed.
func mutated(t *testing.T, originals map[string][]byte, name string, text []byte) string {
	t.Helper()
	dir := t.TempDir()
	for file, original := range originals {
		if file == name {
			original = text
		}
		if err := os.WriteFile(filepath.Join(dir, file), original, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// provers returns the tests that can show a change of r in the file called name,
// those that probably do first.
func provers(tests []ruleTest, name string, r ruleNode) []ruleTest {
	words := []string{r.name}
	if r.fields["record"] != nil { // Whatever is made of it.
		words = nil
	}
	var all []ruleTest
	for _, file := range tests {
		if !file.loads(name) {
			continue
		}
		if words != nil {
			file = file.about(words)
		}
		if len(file.Tests) > 0 {
			all = append(all, file)
		}
	}
	slices.SortStableFunc(all, func(a, b ruleTest) int { return rank(b, r) - rank(a, r) })
	if r.burn != "" {
		all = all[:1] // The file that is about this burn.
	}
	return all
}

func rank(file ruleTest, r ruleNode) int {
	switch {
	case r.burn != "" && strings.HasSuffix(file.Name, "_"+r.burn+"_test.yml"), r.burn == "" && strings.HasPrefix(file.Name, "slo_windows"):
		return 1
	}
	return 0
}

// passes runs the tests on the rules in dir and reports whether they hold. Anything
// but an answer that is another than expected fails t.
func passes(t *testing.T, dir string, file ruleTest) bool {
	t.Helper()
	file.Rules = slices.Clone(file.Rules)
	for i, rule := range file.Rules {
		file.Rules[i] = filepath.Join(dir, filepath.Base(rule))
	}
	text, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file.Name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "promtool", "test", "rules", path)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=400") // Many small runs.
	out, err := cmd.CombinedOutput()
	if err == nil {
		return true
	}
	if !bytes.Contains(out, []byte("got:")) {
		t.Fatalf("promtool test rules: %v\n%s", err, out)
	}
	return false
}
