// Package grafana is the part of Grafana's classic dashboard schema that the
// shop's dashboards use, as types: what marshals here, Grafana loads, and what it
// doesn't know can't be written. The names are those of the schema,
// https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
package grafana

import (
	"bytes"
	"encoding/json"
)

// SchemaVersion is the version of the classic schema that these types are of.
const SchemaVersion = 41

// Width is how many columns a dashboard has.
const Width = 24

// Dashboard is one dashboard. Panels stand in the order in which they are read.
type Dashboard struct {
	ID            *int        `json:"id"` // Always null: Grafana gives the number, the UID is fixed.
	UID           string      `json:"uid"`
	Title         string      `json:"title"`
	Description   string      `json:"description"`
	Tags          []string    `json:"tags"`
	SchemaVersion int         `json:"schemaVersion"`
	Editable      bool        `json:"editable"`
	GraphTooltip  int         `json:"graphTooltip"` // 1 = one crosshair in all panels.
	Timezone      string      `json:"timezone"`
	Refresh       string      `json:"refresh"`
	Time          TimeRange   `json:"time"`
	Timepicker    struct{}    `json:"timepicker"`
	Links         []Link      `json:"links"`
	Annotations   Annotations `json:"annotations"`
	Templating    Templating  `json:"templating"`
	Panels        []Panel     `json:"panels"`
}

// TimeRange is what a dashboard shows when it is opened.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Source names a data source by its fixed uid.
type Source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Prometheus and Jaeger are the data sources that are provisioned.
var (
	Prometheus = Source{Type: "prometheus", UID: "prometheus"}
	Jaeger     = Source{Type: "jaeger", UID: "jaeger"}
)

// Annotations are marks in all graphs of a dashboard.
type Annotations struct {
	List []Annotation `json:"list"`
}

// Annotation marks the moments at which a query has an answer.
type Annotation struct {
	Name        string `json:"name"`
	Datasource  Source `json:"datasource"`
	Enable      bool   `json:"enable"`
	IconColor   string `json:"iconColor"`
	Expr        string `json:"expr"`
	Step        string `json:"step,omitempty"`
	TitleFormat string `json:"titleFormat"`
	TextFormat  string `json:"textFormat"`
}

// Templating holds the variables of a dashboard.
type Templating struct {
	List []Variable `json:"list"`
}

// Variable is a name that queries and links may use: $service.
type Variable struct {
	Name        string   `json:"name"`
	Label       string   `json:"label,omitempty"`
	Description string   `json:"description"`
	Type        string   `json:"type"` // custom or constant.
	Query       string   `json:"query"`
	Current     Current  `json:"current"`
	Options     []Option `json:"options"`
	Hide        int      `json:"hide"` // 2 = not shown.
	SkipURLSync bool     `json:"skipUrlSync"`
	Multi       bool     `json:"multi"` // Then Current is written as lists.
	IncludeAll  bool     `json:"includeAll"`
	AllValue    string   `json:"allValue,omitempty"`
}

// Current is what a variable is when its dashboard is opened.
type Current struct {
	Text, Value string
	Multi       bool // Of a variable that may have several values.
}

// MarshalJSON implements json.Marshaler.
func (c Current) MarshalJSON() ([]byte, error) {
	if c.Multi {
		return json.Marshal(map[string]any{"selected": true, "text": []string{c.Text}, "value": []string{c.Value}})
	}
	return json.Marshal(Option{Selected: true, Text: c.Text, Value: c.Value})
}

// Option is a value that a variable may have.
type Option struct {
	Selected bool   `json:"selected"`
	Text     string `json:"text"`
	Value    string `json:"value"`
}

// Link leads from a dashboard or a panel to another page.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"` // link, or dashboards: all that have the tags.
	URL         string   `json:"url"`
	Tooltip     string   `json:"tooltip"`
	Icon        string   `json:"icon"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	TargetBlank bool     `json:"targetBlank"`
}

// JSON returns the dashboard as it is committed.
func (d Dashboard) JSON() ([]byte, error) {
	text, err := marshal(d)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// marshal leaves < > and & as they are: queries and links have them, and people
// read them in the file.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return out.Bytes(), err
}
