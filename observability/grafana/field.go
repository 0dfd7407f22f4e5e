package grafana

// FieldConfig is how values look: for all fields of a panel, and for some.
type FieldConfig struct {
	Defaults  Field      `json:"defaults"`
	Overrides []Override `json:"overrides"`
}

// Field is how values look.
type Field struct {
	Unit       string     `json:"unit"`
	Decimals   *int       `json:"decimals,omitempty"`
	Min        *float64   `json:"min,omitempty"`
	Max        *float64   `json:"max,omitempty"`
	NoValue    string     `json:"noValue,omitempty"`
	Color      Color      `json:"color"`
	Thresholds Thresholds `json:"thresholds"`
	Mappings   []Mapping  `json:"mappings"`
	Links      []DataLink `json:"links"`
	Custom     any        `json:"custom,omitempty"`
}

// Color is where the colour of a series comes from.
type Color struct {
	Mode       string `json:"mode"`
	FixedColor string `json:"fixedColor,omitempty"`
}

// Thresholds colour a value by its size.
type Thresholds struct {
	Mode  string `json:"mode"`
	Steps []Step `json:"steps"`
}

// Step is a colour and the value from which it holds; the first has none.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// Mapping shows some values as words.
type Mapping struct {
	Type    string               `json:"type"` // value.
	Options map[string]MapResult `json:"options"`
}

// MapResult is a word for a value.
type MapResult struct {
	Text  string `json:"text"`
	Color string `json:"color,omitempty"`
	Index int    `json:"index"`
}

// DataLink leads from a value to another page.
type DataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// Override changes how the fields look that match.
type Override struct {
	Matcher    Matcher    `json:"matcher"`
	Properties []Property `json:"properties"`
}

// Matcher chooses fields: byName or byRegexp.
type Matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

// Property is one setting of a Field by its path, for instance unit or custom.width.
type Property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

// Stacking puts series on top of each other.
type Stacking struct {
	Mode  string `json:"mode"` // none, normal or percent.
	Group string `json:"group"`
}

// Styled has a mode or type of its own name.
type Styled struct {
	Mode string `json:"mode"`
}

// Scale is that of an axis.
type Scale struct {
	Type string  `json:"type"` // linear or log.
	Log  float64 `json:"log,omitempty"`
}

// Lines are the custom settings of a graph.
type Lines struct {
	DrawStyle         string   `json:"drawStyle"`
	LineInterpolation string   `json:"lineInterpolation"`
	LineWidth         int      `json:"lineWidth"`
	FillOpacity       int      `json:"fillOpacity"`
	ShowPoints        string   `json:"showPoints"`
	PointSize         int      `json:"pointSize"`
	SpanNulls         bool     `json:"spanNulls"`
	AxisPlacement     string   `json:"axisPlacement"`
	AxisLabel         string   `json:"axisLabel"`
	AxisSoftMin       *float64 `json:"axisSoftMin,omitempty"`
	ScaleDistribution Scale    `json:"scaleDistribution"`
	Stacking          Stacking `json:"stacking"`
	ThresholdsStyle   Styled   `json:"thresholdsStyle"`
}

// CellOptions say how the cells of a column look.
type CellOptions struct {
	Type string `json:"type"` // auto, color-text or color-background.
	Mode string `json:"mode,omitempty"`
}

// Cells are the custom settings of a table.
type Cells struct {
	Align       string      `json:"align"`
	CellOptions CellOptions `json:"cellOptions"`
	Inspect     bool        `json:"inspect"`
	Filterable  bool        `json:"filterable"`
}

// States are the custom settings of a timeline of states.
type States struct {
	FillOpacity int `json:"fillOpacity"`
	LineWidth   int `json:"lineWidth"`
}
