package grafana

// The types of panels in use.
const (
	Row           = "row"
	Stat          = "stat"
	TimeSeries    = "timeseries"
	Table         = "table"
	Heatmap       = "heatmap"
	StateTimeline = "state-timeline"
)

// Panel is one panel, or a row: MarshalJSON writes only what a row has when Type
// is Row.
type Panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	GridPos         GridPos          `json:"gridPos"`
	Datasource      *Source          `json:"datasource,omitempty"`
	Targets         []Target         `json:"targets,omitempty"`
	FieldConfig     *FieldConfig     `json:"fieldConfig,omitempty"`
	Options         any              `json:"options,omitempty"`
	Transformations []Transformation `json:"transformations,omitempty"`
	Links           []Link           `json:"links,omitempty"`
	Collapsed       bool             `json:"-"` // A row's panels are shown on a click.
	Panels          []Panel          `json:"-"` // Of a collapsed row; those of an open one follow it.
}

// MarshalJSON implements json.Marshaler.
func (p Panel) MarshalJSON() ([]byte, error) {
	type panel Panel // Without this method.
	if p.Type != Row {
		return marshal(panel(p))
	}
	below := p.Panels
	if below == nil {
		below = []Panel{}
	}
	return marshal(struct {
		ID        int     `json:"id"`
		Type      string  `json:"type"`
		Title     string  `json:"title"`
		GridPos   GridPos `json:"gridPos"`
		Collapsed bool    `json:"collapsed"`
		Panels    []Panel `json:"panels"`
	}{p.ID, p.Type, p.Title, p.GridPos, p.Collapsed, below})
}

// GridPos is a place: columns of 1/24 of the width, rows of 30 pixels and a gap of 8.
type GridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// Target is one query of a panel.
type Target struct {
	RefID        string `json:"refId"`
	Datasource   Source `json:"datasource"`
	EditorMode   string `json:"editorMode"`
	Expr         string `json:"expr"`
	LegendFormat string `json:"legendFormat"`
	Format       string `json:"format"` // time_series, table or heatmap.
	Range        bool   `json:"range"`
	Instant      bool   `json:"instant"`
	Exemplar     bool   `json:"exemplar"`
}

// Transformation changes what the queries answered before it is shown.
type Transformation struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

// Merge is the transformation of several tables into one.
func Merge() Transformation { return Transformation{ID: "merge", Options: struct{}{}} }

// Organize names, orders and hides the fields of a table.
type Organize struct {
	ExcludeByName map[string]bool   `json:"excludeByName"`
	IndexByName   map[string]int    `json:"indexByName"`
	RenameByName  map[string]string `json:"renameByName"`
}

// Legend is the list of a graph's series.
type Legend struct {
	ShowLegend  bool     `json:"showLegend"`
	DisplayMode string   `json:"displayMode"` // list or table.
	Placement   string   `json:"placement"`   // bottom or right.
	Calcs       []string `json:"calcs"`
}

// Tooltip is what hovering shows.
type Tooltip struct {
	Mode string `json:"mode"` // single or multi.
	Sort string `json:"sort"` // none or desc.
}

// TimeSeriesOptions are the options of a graph.
type TimeSeriesOptions struct {
	Legend  Legend  `json:"legend"`
	Tooltip Tooltip `json:"tooltip"`
}

// Reduce makes one value of a series.
type Reduce struct {
	Calcs  []string `json:"calcs"`
	Fields string   `json:"fields"`
	Values bool     `json:"values"`
}

// StatOptions are the options of a figure.
type StatOptions struct {
	ReduceOptions Reduce `json:"reduceOptions"`
	Orientation   string `json:"orientation"`
	TextMode      string `json:"textMode"`
	ColorMode     string `json:"colorMode"`
	GraphMode     string `json:"graphMode"`
	JustifyMode   string `json:"justifyMode"`
	WideLayout    bool   `json:"wideLayout"`
}

// Sort orders a table by a column.
type Sort struct {
	DisplayName string `json:"displayName"`
	Desc        bool   `json:"desc"`
}

// TableFooter is the sum below a table.
type TableFooter struct {
	Show      bool     `json:"show"`
	CountRows bool     `json:"countRows"`
	Reducer   []string `json:"reducer"`
}

// TableOptions are the options of a table.
type TableOptions struct {
	ShowHeader bool        `json:"showHeader"`
	CellHeight string      `json:"cellHeight"`
	Footer     TableFooter `json:"footer"`
	SortBy     []Sort      `json:"sortBy"`
}

// StateTimelineOptions are the options of a timeline of states.
type StateTimelineOptions struct {
	MergeValues bool    `json:"mergeValues"`
	ShowValue   string  `json:"showValue"`
	AlignValue  string  `json:"alignValue"`
	RowHeight   float64 `json:"rowHeight"`
	Legend      Legend  `json:"legend"`
	Tooltip     Tooltip `json:"tooltip"`
}

// HeatmapColor says how a heatmap tells many from few.
type HeatmapColor struct {
	Mode     string  `json:"mode"`
	Scheme   string  `json:"scheme"`
	Fill     string  `json:"fill"`
	Scale    string  `json:"scale"`
	Exponent float64 `json:"exponent"`
	Steps    int     `json:"steps"`
	Reverse  bool    `json:"reverse"`
}

// HeatmapAxis is the axis of a heatmap's buckets.
type HeatmapAxis struct {
	AxisPlacement string `json:"axisPlacement"`
	Unit          string `json:"unit"`
	Reverse       bool   `json:"reverse"`
}

// HeatmapTooltip is what hovering over a heatmap shows.
type HeatmapTooltip struct {
	Mode           string `json:"mode"`
	YHistogram     bool   `json:"yHistogram"`
	ShowColorScale bool   `json:"showColorScale"`
}

// HeatmapOptions are the options of a heatmap whose buckets Prometheus has.
type HeatmapOptions struct {
	Calculate bool         `json:"calculate"`
	CellGap   int          `json:"cellGap"`
	Color     HeatmapColor `json:"color"`
	Exemplars struct {
		Color string `json:"color"`
	} `json:"exemplars"`
	FilterValues struct {
		LE float64 `json:"le"`
	} `json:"filterValues"`
	Legend struct {
		Show bool `json:"show"`
	} `json:"legend"`
	RowsFrame struct {
		Layout string `json:"layout"`
	} `json:"rowsFrame"`
	ShowValue string         `json:"showValue"`
	Tooltip   HeatmapTooltip `json:"tooltip"`
	YAxis     HeatmapAxis    `json:"yAxis"`
}
