// Package dashboard holds the shop's Grafana dashboards as they are thought of:
// questions that somebody has in an incident, and under each the panels that
// answer it. `go run ./observability/cmd/observability render` writes them to
// observability/grafana/dashboards, from where Grafana reads them.
package dashboard

import "shop/observability/grafana"

// Board is one dashboard.
type Board struct {
	UID       string
	Title     string
	About     string // What it is for, in a sentence.
	Variables []grafana.Variable
	Questions []Question
}

// Question is what a row of panels answers.
type Question struct {
	Ask    string
	Closed bool // Opened by a click: what is seen first fits a laptop's screen.
	Panels []Panel
}

// Panel answers one part of a question. Shows, Bad and Then make its description.
type Panel struct {
	Title string
	Kind  string // grafana.Stat and so on.
	W, H  int
	Unit  string

	Shows string // What is drawn.
	Bad   string // What a bad value looks like.
	Then  string // What to do then.

	Queries []Query
	Steps   []grafana.Step // Colours by size; none = one calm colour.
	Lines   bool           // A graph shows the steps as lines.
	Stacked bool
	Log     bool     // The axis is logarithmic.
	Max     *float64 // Of the axis.
	Places  int      // After the point; 0 = as many as Grafana finds good.
	Spark   bool     // A figure has its recent past behind it.
	Paint   []Paint
	Words   []Word
	Columns []Column // Of a table, in order.
	SortBy  string   // Column of a table, largest first.
	Rising  bool     // Smallest first.

	Links    []grafana.DataLink // From a value to where it leads.
	Runbooks []string           // The alerts that this panel shows the reason of.
}

// Query is one query of a panel.
type Query struct {
	Expr      string
	Legend    string // Of its series, {{label}} included; of a table, its column.
	Exemplars bool   // Dots that lead to traces: only where a service's histogram has them.
	Quiet     string // Why there may be no answer while all is well; "" = there always is one.
	Steps     []grafana.Step
	Links     []grafana.DataLink
}

// Paint gives the series whose names match a regular expression a colour.
type Paint struct{ Series, Color string }

// Word shows a value as a word.
type Word struct{ Value, Text, Color string }

// Column is one of a table: a label, or the values of the query of that legend.
type Column struct {
	Field  string // Label, or legend of a query.
	Title  string // As it is shown.
	Unit   string
	Steps  []grafana.Step
	Words  []Word
	Places int // After the point; 0 = as many as Grafana finds good.
	Width  int
	Links  []grafana.DataLink
}

// All returns the dashboards, the one to begin with first.
func All() []Board {
	return []Board{overview(), validateToken(), cache(), messaging(), mesh()}
}
