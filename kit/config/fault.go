package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"shop/kit/telemetry"
)

// masked stands for a value that must not be shown.
const masked = "[masked]"

// Fault is one wrong setting.
type Fault struct {
	Variable string // "" = none in particular.
	Value    string // As it was given, masked where it is secret; filled by Load.
	Rule     string // What the value must be: "must be at most 5".
}

func (f Fault) String() string {
	switch {
	case f.Variable == "":
		return f.Rule
	case f.Value == "":
		return f.Variable + " " + f.Rule
	default:
		return fmt.Sprintf("%s=%s %s", f.Variable, f.Value, f.Rule)
	}
}

// Faults is every wrong setting of a configuration.
type Faults []Fault

// Error returns one line a fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns f as an error, nil if there is no fault.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Add notes that variable breaks rule ("must be at most 5"). The same fault
// twice is one.
func (f *Faults) Add(variable, rule string) {
	if !slices.ContainsFunc(*f, func(g Fault) bool { return g.Variable == variable && g.Rule == rule }) {
		*f = append(*f, Fault{Variable: variable, Rule: rule})
	}
}

// Check notes that variable breaks rule unless ok.
func (f *Faults) Check(ok bool, variable, rule string) {
	if !ok {
		f.Add(variable, rule)
	}
}

func (f *Faults) merge(more Faults) {
	for _, fault := range more {
		f.Add(fault.Variable, fault.Rule)
	}
}

// faultsOf returns the faults in err; any other error is a fault of no variable
// in particular.
func faultsOf(err error) Faults {
	var many interface{ Unwrap() []error }
	var faults Faults
	switch {
	case err == nil:
		return nil
	case errors.As(err, &faults):
		return faults
	case errors.As(err, &many):
		for _, e := range many.Unwrap() {
			faults = append(faults, faultsOf(e)...)
		}
		return faults
	}
	return Faults{{Rule: err.Error()}}
}

// describe returns f with the values that were given, in the order of fields.
func (f Faults) describe(fields []field, values map[string]string) Faults {
	position := map[string]int{}
	for i, known := range fields {
		position[known.key] = i
	}
	for i := range f {
		p, known := position[f[i].Variable]
		if !known {
			continue
		}
		v, set := values[f[i].Variable]
		if !set {
			v = fields[p].tag.Get("envDefault")
		}
		f[i].Value = shown(fields[p], v)
	}
	slices.SortStableFunc(f, func(a, b Fault) int { return position[a.Variable] - position[b.Variable] })
	return f
}

// shown returns a value as an operator may see it on one line.
func shown(f field, value string) string {
	switch {
	case value == "":
		return ""
	case f.secret():
		return masked
	}
	value = telemetry.Scrub(value)
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == '"' || r == 0x7f || r == ' ' }) {
		return fmt.Sprintf("%q", value)
	}
	return value
}
