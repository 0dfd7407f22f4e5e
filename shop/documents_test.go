package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// repository is where the documents lie.
const repository = ".."

// document is a page for people.
type document struct {
	path string // Below the repository.
	text string
}

func documents(t *testing.T) []document {
	t.Helper()
	var all []document
	for _, pattern := range []string{"*.md", "docs/*.md", "*/README.md", "deploy/*/README.md", "observability/runbooks/*.md"} {
		paths, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			all = append(all, document{strings.TrimPrefix(path, repository+"/"), file(t, path)})
		}
	}
	if len(all) < 30 {
		t.Fatalf("found %d documents", len(all))
	}
	return all
}

func file(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func exists(path string) bool {
	_, err := os.Stat(filepath.Join(repository, path))
	return err == nil
}

var (
	block  = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```")
	inline = regexp.MustCompile("`([^`\n]+)`")
	link   = regexp.MustCompile(`\]\(([^)\s]*)\)`)
)

// commands are the lines of d's blocks and what it quotes in a line, each one
// command or part of one.
func (d document) commands() []string {
	var all []string
	for _, b := range block.FindAllStringSubmatch(d.text, -1) {
		if b[1] == "sh" || b[1] == "" {
			all = append(all, strings.Split(strings.ReplaceAll(b[2], "\\\n", " "), "\n")...)
		}
	}
	for _, q := range inline.FindAllStringSubmatch(block.ReplaceAllString(d.text, ""), -1) {
		all = append(all, q[1])
	}
	var parts []string
	for _, line := range all {
		line, _, _ = strings.Cut(line, " #")
		parts = append(parts, regexp.MustCompile(`&&|\|\||[|;]`).Split(line, -1)...)
	}
	return parts
}

// TestDocumentsLinkToWhatIsThere: files, and headings in them.
func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	for _, d := range documents(t) {
		for _, l := range link.FindAllStringSubmatch(inline.ReplaceAllString(block.ReplaceAllString(d.text, ""), ""), -1) {
			to, heading, _ := strings.Cut(l[1], "#")
			// Those that begin with / are in Grafana and Jaeger.
			if strings.Contains(to, "://") || strings.HasPrefix(to, "/") {
				continue
			}
			path := d.path
			if to != "" {
				path = filepath.Join(filepath.Dir(d.path), to)
			}
			if !exists(path) {
				t.Errorf("%s links to %s, which is not there", d.path, l[1])
				continue
			}
			if heading != "" && !slices.Contains(headings(file(t, filepath.Join(repository, path))), heading) {
				t.Errorf("%s links to %s, where there is no such heading", d.path, l[1])
			}
		}
	}
}

// headings returns the names under which GitHub finds the headings of a page.
func headings(text string) []string {
	var all []string
	for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(h[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

// TestCommandsOfTheDocumentsAreThere: targets of make, scripts, programs, commands of
// the shop with their flags, services and files of Compose, overlays of Kubernetes.
func TestCommandsOfTheDocumentsAreThere(t *testing.T) {
	targets := map[string]bool{}
	for _, target := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(file(t, "../Makefile"), -1) {
		targets[target[1]] = true
	}
	services := composeServices(t)
	checked := 0
	for _, d := range documents(t) {
		for _, command := range d.commands() {
			words := strings.Fields(command)
			for n, word := range words {
				if path := strings.TrimPrefix(word, "./"); regexp.MustCompile(`^(scripts|deploy)/[\w/-]+\.(sh|bat)$`).MatchString(path) {
					checked++
					if !exists(path) {
						t.Errorf("%s: there is no %s", d.path, path)
					}
				}
				rest := words[n+1:]
				var fault string
				switch {
				case word == "make" && n == 0 && len(rest) > 0:
					if !targets[rest[0]] {
						fault = "make has no " + rest[0]
					}
				case word == "./shop" && n >= 2 && words[n-1] == "run":
					fault = wrongCommand(rest)
				case word == "run" && n > 0 && words[n-1] == "go" && len(rest) > 0:
					if path := strings.TrimPrefix(rest[0], "./"); strings.HasPrefix(rest[0], "./") && !exists(path) {
						fault = "there is no " + path
					}
				case word == "compose" && n > 0 && words[n-1] == "docker":
					fault = wrongCompose(rest, services)
				case word == "-k" && len(rest) > 0 && strings.HasPrefix(rest[0], "deploy/"):
					if !exists(rest[0]) {
						fault = "there is no " + rest[0]
					}
				default:
					continue
				}
				checked++
				if fault != "" {
					t.Errorf("%s: %s: %s", d.path, strings.TrimSpace(command), fault)
				}
			}
		}
	}
	if checked < 150 {
		t.Errorf("only %d commands were found", checked)
	}
}

// wrongCommand says what is wrong with a command line of the shop; "" is nothing.
func wrongCommand(words []string) string {
	var args []string
	for _, w := range words {
		if strings.ContainsAny(w, "…[<>&") { // A word for a word.
			break
		}
		args = append(args, w)
	}
	cmd, rest, err := newRoot().Find(args)
	if err != nil {
		return err.Error()
	}
	if !cmd.HasParent() && len(rest) > 0 && regexp.MustCompile(`^[a-z]+$`).MatchString(rest[0]) {
		return "there is no command " + rest[0]
	}
	for _, w := range rest {
		name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
		if strings.HasPrefix(w, "--") && name != "help" && cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
			return "there is no flag --" + name
		}
	}
	return ""
}

// wrongCompose says which service or file of a command line of Compose is not there.
func wrongCompose(words []string, services map[string]bool) string {
	verb := ""
	for n := 0; n < len(words); n++ {
		w := words[n]
		switch {
		case w == "-f":
			if n++; n < len(words) && !exists(words[n]) {
				return "there is no " + words[n]
			}
		case w == "--scale":
			if n++; n < len(words) {
				if name, _, _ := strings.Cut(words[n], "="); !services[name] {
					return "there is no service " + name
				}
			}
		case w == "--entrypoint", w == "--tail", w == "--profile":
			n++
		case strings.HasPrefix(w, "-"):
		case verb == "":
			verb = w
		case slices.Contains([]string{"exec", "run", "restart", "stop", "logs", "up", "port"}, verb):
			if regexp.MustCompile(`^[a-z-]+$`).MatchString(w) && !services[w] {
				return "there is no service " + w
			}
			if verb == "run" && w == "shop" {
				return wrongCommand(words[n+1:])
			}
			if verb == "exec" || verb == "run" || verb == "port" {
				return ""
			}
		}
	}
	return ""
}

func composeServices(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, path := range []string{"docker-compose.yml", "compose.load.yml"} {
		var project struct {
			Services map[string]any `yaml:"services"`
		}
		if err := yaml.Unmarshal([]byte(file(t, filepath.Join(repository, path))), &project); err != nil {
			t.Fatal(err)
		}
		for name := range project.Services {
			names[name] = true
		}
	}
	return names
}

// TestBothREADMEsSayTheSame: the same commands in the same order, in English and in
// Vietnamese.
func TestBothREADMEsSayTheSame(t *testing.T) {
	var pages [][]string
	for _, name := range []string{"README.md", "README.vi.md"} {
		var lines []string
		for _, b := range block.FindAllStringSubmatch(file(t, filepath.Join(repository, name)), -1) {
			for line := range strings.SplitSeq(b[2], "\n") {
				if line, _, _ = strings.Cut(line, "#"); b[1] == "sh" && strings.TrimSpace(line) != "" {
					lines = append(lines, strings.TrimSpace(line))
				}
			}
		}
		pages = append(pages, lines)
	}
	for n := range max(len(pages[0]), len(pages[1])) {
		if n >= len(pages[0]) || n >= len(pages[1]) || pages[0][n] != pages[1][n] {
			t.Fatalf("from command %d on the two differ:\n%q\n%q", n+1, pages[0][min(n, len(pages[0])):], pages[1][min(n, len(pages[1])):])
		}
	}
}

// TestWorkflowsRunWhatIsThere: targets of make and scripts; and every module is kept
// up to date.
func TestWorkflowsRunWhatIsThere(t *testing.T) {
	paths, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	makefile, steps := file(t, "../Makefile"), file(t, "../scripts/test.sh")
	for _, path := range paths {
		text := file(t, path)
		for _, target := range regexp.MustCompile(`run: make ([\w-]+)`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+target[1]+":") {
				t.Errorf("%s: make has no %s", path, target[1])
			}
		}
		for _, line := range regexp.MustCompile(`run: scripts/test\.sh (.*)`).FindAllStringSubmatch(text, -1) {
			for _, step := range strings.Fields(line[1]) {
				if !regexp.MustCompile(`STEPS=\(.*\b` + step + `\b`).MatchString(steps) {
					t.Errorf("%s: scripts/test.sh has no step %s", path, step)
				}
			}
		}
	}
	var kept struct {
		Updates []struct {
			Ecosystem   string   `yaml:"package-ecosystem"`
			Directories []string `yaml:"directories"`
		} `yaml:"updates"`
	}
	if err := yaml.Unmarshal([]byte(file(t, "../.github/dependabot.yml")), &kept); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, pattern := range []string{"*/go.mod", "*/*/go.mod", "*/*/*/go.mod"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if dir := strings.TrimPrefix(filepath.Dir(path), repository); !strings.HasPrefix(dir, "/.") {
				want = append(want, dir)
			}
		}
	}
	slices.Sort(want)
	for _, u := range kept.Updates {
		if u.Ecosystem == "gomod" && !slices.Equal(u.Directories, want) {
			t.Errorf("modules kept up to date are %v, want %v", u.Directories, want)
		}
	}
}
