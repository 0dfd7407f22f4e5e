package dashboard

import "shop/observability/grafana"

// custom returns the settings that only this kind of panel has for its values.
func (p Panel) custom() any {
	switch p.Kind {
	case grafana.TimeSeries:
		return p.lines()
	case grafana.Table:
		return grafana.Cells{Align: "auto", CellOptions: grafana.CellOptions{Type: "auto"}}
	case grafana.StateTimeline:
		return grafana.States{FillOpacity: 80}
	default:
		return nil
	}
}

func (p Panel) lines() grafana.Lines {
	l := grafana.Lines{
		DrawStyle: "line", LineInterpolation: "linear", LineWidth: 1, ShowPoints: "never", PointSize: 5,
		AxisPlacement: "auto", ScaleDistribution: grafana.Scale{Type: "linear"},
		Stacking: grafana.Stacking{Mode: "none", Group: "A"}, ThresholdsStyle: grafana.Styled{Mode: "off"},
	}
	if p.Stacked {
		l.Stacking.Mode, l.FillOpacity = "normal", 40
	}
	if p.Log {
		l.ScaleDistribution = grafana.Scale{Type: "log", Log: 10}
	}
	if p.Lines {
		l.ThresholdsStyle.Mode = "dashed"
	}
	return l
}

// options returns the settings of the panel as a whole.
func (p Panel) options() any {
	switch p.Kind {
	case grafana.TimeSeries:
		return grafana.TimeSeriesOptions{Legend: legend(true), Tooltip: grafana.Tooltip{Mode: "multi", Sort: "desc"}}
	case grafana.Stat:
		return p.stat()
	case grafana.Table:
		return p.table()
	case grafana.StateTimeline:
		return grafana.StateTimelineOptions{
			MergeValues: true, ShowValue: "never", AlignValue: "left", RowHeight: 0.9,
			Legend: legend(false), Tooltip: grafana.Tooltip{Mode: "single", Sort: "none"},
		}
	case grafana.Heatmap:
		return p.heatmap()
	default:
		return nil
	}
}

func legend(shown bool) grafana.Legend {
	return grafana.Legend{ShowLegend: shown, DisplayMode: "list", Placement: "bottom", Calcs: []string{}}
}

func (p Panel) stat() grafana.StatOptions {
	o := grafana.StatOptions{
		ReduceOptions: grafana.Reduce{Calcs: []string{"lastNotNull"}},
		Orientation:   "vertical", TextMode: "auto", ColorMode: "value", GraphMode: "none", JustifyMode: "center", WideLayout: false,
	}
	if p.Spark {
		o.GraphMode = "area"
	}
	if len(p.Queries) > 1 {
		o.TextMode = "value_and_name"
	}
	return o
}

func (p Panel) table() grafana.TableOptions {
	o := grafana.TableOptions{
		ShowHeader: true, CellHeight: "sm", SortBy: []grafana.Sort{},
		Footer: grafana.TableFooter{Reducer: []string{}},
	}
	if p.SortBy != "" {
		o.SortBy = append(o.SortBy, grafana.Sort{DisplayName: p.SortBy, Desc: !p.Rising})
	}
	return o
}

func (p Panel) heatmap() grafana.HeatmapOptions {
	o := grafana.HeatmapOptions{
		CellGap: 1, ShowValue: "never",
		Color:   grafana.HeatmapColor{Mode: "scheme", Scheme: "Blues", Fill: "dark-blue", Scale: "exponential", Exponent: 0.5, Steps: 64},
		Tooltip: grafana.HeatmapTooltip{Mode: "single", YHistogram: true},
		YAxis:   grafana.HeatmapAxis{AxisPlacement: "left", Unit: p.Unit},
	}
	o.Exemplars.Color = bad
	o.FilterValues.LE = 1e-9
	o.RowsFrame.Layout = "auto"
	return o
}
