package dashboard_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shop/observability/dashboard"
	"shop/observability/grafana"
)

// sources are the services that have traces; a link may also take one from the
// value that it starts at.
var sources = regexp.MustCompile(`^((user|product|order|notification)(-sidecar)?|edge|X|X-sidecar)$`)

// variable stands for what Grafana fills in.
var variable = regexp.MustCompile(`\$\{([a-zA-Z_.]+)(?::[a-z]+)?\}`)

// labels returns the labels that the answers of p may have: all that its queries
// mention.
func mentions(p dashboard.Panel, label string) bool {
	for _, q := range p.Queries {
		if regexp.MustCompile(`\b` + label + `\b`).MatchString(q.Expr + q.Legend) {
			return true
		}
	}
	return false
}

func TestLinksResolve(t *testing.T) {
	boards := map[string]bool{}
	for _, b := range dashboard.All() {
		boards["/d/"+b.UID] = true
	}
	each(t, func(t *testing.T, b dashboard.Board, p dashboard.Panel) {
		links := slices.Clone(p.Links)
		for _, q := range p.Queries {
			links = append(links, q.Links...)
		}
		for _, c := range p.Columns {
			links = append(links, c.Links...)
		}
		titles := map[string]bool{}
		for _, l := range p.Links {
			if titles[l.Title] {
				t.Errorf("two links are called %q", l.Title)
			}
			titles[l.Title] = true
		}
		for _, l := range links {
			for _, v := range variable.FindAllStringSubmatch(l.URL, -1) {
				known(t, b, p, v[1])
			}
			filled := variable.ReplaceAllString(strings.NewReplacer("${jaeger:raw}", dashboard.JaegerURL, "${runbooks:raw}", dashboard.RunbooksURL).Replace(l.URL), "X")
			if strings.Contains(filled, "$") {
				t.Errorf("%s: what is left of %s?", l.Title, filled)
			}
			u, err := url.Parse(filled)
			switch {
			case err != nil:
				t.Errorf("%s: %v", l.Title, err)
			case strings.HasPrefix(filled, dashboard.JaegerURL):
				search(t, u, l)
			case strings.HasPrefix(filled, dashboard.RunbooksURL):
				if !strings.HasSuffix(u.Path, ".md") || !l.TargetBlank {
					t.Errorf("%s: %s is no page of its own", l.Title, filled)
				}
			case !boards[u.Path] && u.Path != "/d/X", u.RawQuery != "X":
				t.Errorf("%s: there is no dashboard %s, or it loses the time", l.Title, filled)
			case u.Path == "/d/"+b.UID:
				t.Errorf("%s leads to where one is", l.Title)
			}
		}
	})
}

// known fails unless Grafana has a value for the variable in a link of p.
func known(t *testing.T, b dashboard.Board, p dashboard.Panel, name string) {
	t.Helper()
	if column, ok := strings.CutPrefix(name, "__data.fields."); ok {
		if p.Kind != grafana.Table || !slices.ContainsFunc(p.Columns, func(c dashboard.Column) bool { return c.Field == column }) {
			t.Errorf("there is no column %s", column)
		}
		return
	}
	if label, ok := strings.CutPrefix(name, "__field.labels."); ok {
		if p.Kind == grafana.Table || !mentions(p, label) {
			t.Errorf("no series has the label %s", label)
		}
		return
	}
	if !slices.Contains([]string{"__from", "__to", "__url_time_range", "jaeger", "runbooks"}, name) &&
		!slices.ContainsFunc(b.Variables, func(v grafana.Variable) bool { return v.Name == name }) {
		t.Errorf("there is no variable %s", name)
	}
}

// search fails unless u is a search as Jaeger's page understands it.
func search(t *testing.T, u *url.URL, l grafana.DataLink) {
	t.Helper()
	q := u.Query()
	for key := range q {
		if !slices.Contains([]string{"service", "operation", "tags", "minDuration", "limit", "start", "end"}, key) {
			t.Errorf("%s: Jaeger knows no %s", l.Title, key)
		}
	}
	if u.Path != "/search" || !sources.MatchString(q.Get("service")) || q.Get("start") != "X000" || q.Get("end") != "X000" || !l.TargetBlank {
		t.Errorf("%s: %s is no search in a service's traces over the time that is shown", l.Title, u)
	}
	if tags := q.Get("tags"); tags != "" && json.Unmarshal([]byte(tags), &map[string]string{}) != nil {
		t.Errorf("%s: tags %s", l.Title, tags)
	}
}

func TestQueriesUseKnownVariables(t *testing.T) {
	dollar := regexp.MustCompile(`\$[a-zA-Z_{][a-zA-Z_]*`)
	used := map[string]bool{}
	each(t, func(t *testing.T, b dashboard.Board, p dashboard.Panel) {
		for _, q := range p.Queries {
			for _, name := range dollar.FindAllString(q.Expr, -1) {
				used[b.UID+name] = true
			}
			if got := b.Fill(q.Expr, "40s"); strings.Contains(got, "$") {
				t.Errorf("nobody fills in %s", got)
			}
		}
		if got := b.Titled(p); strings.Contains(got, "$") {
			t.Errorf("nobody fills in %s", got)
		}
	})
	for _, b := range dashboard.All() {
		for _, v := range b.Variables {
			if !used[b.UID+"$"+v.Name] {
				t.Errorf("%s: nobody uses $%s", b.UID, v.Name)
			}
		}
	}
}

func TestDashboardsFindEachOther(t *testing.T) {
	for _, b := range dashboard.All() {
		d := b.Dashboard()
		if !slices.Equal(d.Tags, []string{"shop"}) {
			t.Errorf("%s has the tags %v", b.UID, d.Tags)
		}
		for _, l := range d.Links {
			if l.Type == "dashboards" && (!slices.Equal(l.Tags, d.Tags) || !l.KeepTime) {
				t.Errorf("%s: %+v does not lead to the others", b.UID, l)
			}
			for _, v := range variable.FindAllStringSubmatch(l.URL, -1) {
				if !slices.ContainsFunc(d.Templating.List, func(known grafana.Variable) bool { return known.Name == v[1] }) {
					t.Errorf("%s: %s has no variable %s", b.UID, l.Title, v[1])
				}
			}
		}
		if len(d.Annotations.List) != 2 {
			t.Errorf("%s does not mark alerts and restarts", b.UID)
		}
	}
}
