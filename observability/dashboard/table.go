package dashboard

import (
	"fmt"

	"shop/observability/grafana"
)

// override makes the look of a column.
func (c Column) override() grafana.Override {
	o := grafana.Override{Matcher: grafana.Matcher{ID: "byName", Options: c.Title}}
	set := func(id string, value any) {
		o.Properties = append(o.Properties, grafana.Property{ID: id, Value: value})
	}
	if c.Unit != "" {
		set("unit", c.Unit)
	}
	if c.Places > 0 {
		set("decimals", c.Places)
	}
	if c.Width > 0 {
		set("custom.width", c.Width)
	}
	if c.Steps != nil {
		set("thresholds", thresholds(c.Steps))
	}
	if c.Words != nil {
		set("mappings", mappings(c.Words))
	}
	if c.Steps != nil || c.Words != nil {
		set("custom.cellOptions", grafana.CellOptions{Type: "color-text"})
	}
	if c.Links != nil {
		set("links", c.Links)
	}
	return o
}

// transformations make one table of several queries' answers.
func (p Panel) transformations() []grafana.Transformation {
	if p.Kind != grafana.Table {
		return nil
	}
	o := grafana.Organize{
		ExcludeByName: map[string]bool{"Time": true, "__name__": true, "instance": true, "job": true},
		IndexByName:   map[string]int{}, RenameByName: map[string]string{},
	}
	fields := p.fields()
	for i, c := range p.Columns {
		delete(o.ExcludeByName, c.Field)
		o.IndexByName[fields[c.Field]] = i
		o.RenameByName[fields[c.Field]] = c.Title
	}
	for _, q := range p.Queries {
		if !p.shown(q.Legend) { // A table of labels needs no "1".
			o.ExcludeByName[fields[q.Legend]] = true
		}
	}
	return []grafana.Transformation{grafana.Merge(), {ID: "organize", Options: o}}
}

// fields are Grafana's names of a table's columns: a label's own, and "Value" or
// "Value #A" for the answers of queries.
func (p Panel) fields() map[string]string {
	names := map[string]string{}
	for _, c := range p.Columns {
		names[c.Field] = c.Field
	}
	for i, q := range p.Queries {
		names[q.Legend] = "Value"
		if len(p.Queries) > 1 {
			names[q.Legend] = fmt.Sprintf("Value #%s", ref(i))
		}
	}
	return names
}

func (p Panel) shown(field string) bool {
	for _, c := range p.Columns {
		if c.Field == field {
			return true
		}
	}
	return false
}
