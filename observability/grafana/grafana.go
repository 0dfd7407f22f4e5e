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
	Current     Option   `json:"current"`
	Options     []Option `json:"options"`
	Hide        int      `json:"hide"` // 2 = not shown.
	SkipURLSync bool     `json:"skipUrlSync"`
	Multi       bool     `json:"multi"`
	IncludeAll  bool     `json:"includeAll"`
	AllValue    string   `json:"allValue,omitempty"`
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
	Type        string   `json:"type,omitempty"` // dashboards or link; panels have none.
	URL         string   `json:"url,omitempty"`
	Tooltip     string   `json:"tooltip,omitempty"`
	Icon        string   `json:"icon,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	AsDropdown  bool     `json:"asDropdown,omitempty"`
	IncludeVars bool     `json:"includeVars,omitempty"`
	KeepTime    bool     `json:"keepTime,omitempty"`
	TargetBlank bool     `json:"targetBlank,omitempty"`
}

// JSON returns the dashboard as it is committed.
func (d Dashboard) JSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // Queries have < and >, links &; people read them in the file.
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
