package web

import (
	"errors"
	"net/http"
	"net/url"

	"shop/kit/errs"
)

// Fields are the named values of one place of a request: its body, query, path
// or headers. Reading a field that is wrong notes the fault and goes on, so that
// a client learns of every fault at once.
type Fields struct {
	in     string
	lookup func(name string) (Raw, bool)
	faults []errs.Fault
}

// Query returns the parameters of the query. Of a name that occurs twice the last
// value counts.
func Query(r *http.Request) *Fields {
	f := &Fields{in: "query"}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		f.faults = append(f.faults, errs.Violates("query_invalid").At("query"))
	}
	f.lookup = last(values)
	return f
}

// Path returns the variables of the route's path.
func Path(r *http.Request) *Fields {
	return &Fields{in: "path", lookup: func(name string) (Raw, bool) {
		return Raw{text: r.PathValue(name)}, true
	}}
}

// Headers returns the request's headers.
func Headers(r *http.Request) *Fields {
	return &Fields{in: "header", lookup: func(name string) (Raw, bool) {
		values := r.Header.Values(name)
		if len(values) == 0 {
			return Raw{}, false
		}
		return Raw{text: values[0]}, true
	}}
}

// Has reports whether the field is there, and whether it is JSON's null.
func Has(f *Fields, name string) (present, null bool) {
	raw, present := f.lookup(name)
	return present, present && raw.null()
}

// Fail notes that the field name breaks rule.
func (f *Fields) Fail(rule *errs.Rule, name string) { f.faults = append(f.faults, rule.At(f.in, name)) }

// Err returns nil, or errs.ErrInvalid with every fault that was noted.
func (f *Fields) Err() error { return Join(f) }

// Join returns nil, or errs.ErrInvalid with every fault of fs.
func Join(fs ...*Fields) error {
	var faults []errs.Fault
	for _, f := range fs {
		faults = append(faults, f.faults...)
	}
	if len(faults) == 0 {
		return nil
	}
	e := *errs.ErrInvalid
	e.Faults = faults
	return &e
}

// Is makes a value of itself: for fields that no domain type is made of.
func Is[V any](v V) (V, error) { return v, nil }

// Required returns what make makes of the field. A field that is absent, null or
// that read or make refuses is noted as a fault; the result is then the zero T,
// and f.Err is not nil.
func Required[V, T any](f *Fields, name string, read Reader[V], make func(V) (T, error)) T {
	raw, present := f.lookup(name)
	if !present {
		f.Fail(errs.Violates("missing"), name)
		var zero T
		return zero
	}
	return parse(f, name, raw, read, make)
}

// Optional is Required for a field that may be absent or null: then nil.
func Optional[V, T any](f *Fields, name string, read Reader[V], make func(V) (T, error)) *T {
	raw, present := f.lookup(name)
	if !present || raw.null() {
		return nil
	}
	value := parse(f, name, raw, read, make)
	return &value
}

// Default is Required for a field that may be absent or null: then def.
func Default[V, T any](f *Fields, name string, read Reader[V], make func(V) (T, error), def T) T {
	raw, present := f.lookup(name)
	if !present || raw.null() {
		return def
	}
	return parse(f, name, raw, read, make)
}

func parse[V, T any](f *Fields, name string, raw Raw, read Reader[V], make func(V) (T, error)) T {
	var zero T
	value, rule := read(raw)
	if rule != nil {
		f.Fail(rule, name)
		return zero
	}
	made, err := make(value)
	if err != nil {
		f.Fail(ruleOf(err), name)
		return zero
	}
	return made
}

// ruleOf returns the rule that a constructor says is broken; an error of another
// type is just a wrong value.
func ruleOf(err error) *errs.Rule {
	if rule := (*errs.Rule)(nil); errors.As(err, &rule) {
		return rule
	}
	if e := (*errs.Error)(nil); errors.As(err, &e) {
		return &errs.Rule{Code: e.Code, Params: e.Params}
	}
	return errs.Violates("value_error")
}

// The bounds of a page that every list has.
const (
	maxLimit     = 100
	defaultLimit = 100
)

// Paging returns the parameters of every list: skip ≥ 0, by default 0, and limit
// 1–100, by default 100.
func Paging(f *Fields) (skip, limit int) {
	skip = Default(f, "skip", Int, func(n int64) (int, error) {
		if n < 0 {
			return 0, errs.GreaterOrEqual(0)
		}
		return int(n), nil
	}, 0)
	limit = Default(f, "limit", Int, func(n int64) (int, error) {
		switch {
		case n < 1:
			return 0, errs.GreaterOrEqual(1)
		case n > maxLimit:
			return 0, errs.LessOrEqual(maxLimit)
		}
		return int(n), nil
	}, defaultLimit)
	return skip, limit
}
