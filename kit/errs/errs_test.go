package errs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"shop/kit/errs"
)

var errTaken = errs.New(errs.Refused, "name_taken")

func TestOfFindsTheErrorInside(t *testing.T) {
	plain := errors.New("connection reset")
	for name, c := range map[string]struct {
		err  error
		kind errs.Kind
		code string
	}{
		"a sentinel":          {errTaken, errs.Refused, "name_taken"},
		"a wrapped one":       {fmt.Errorf("register: %w", errTaken.With("name", "x")), errs.Refused, "name_taken"},
		"a deadline":          {fmt.Errorf("ask: %w", context.DeadlineExceeded), errs.Unavailable, "timeout"},
		"a client that left":  {context.Canceled, errs.Unavailable, "timeout"},
		"what nobody classed": {plain, errs.Internal, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			got := errs.Of(c.err)
			if got.Kind != c.kind || got.Code != c.code || errs.KindOf(c.err) != c.kind {
				t.Errorf("got %s %s, want %s %s", got.Kind, got.Code, c.kind, c.code)
			}
			if !errors.Is(c.err, errTaken) && !errors.Is(got, c.err) {
				t.Errorf("the cause %v is lost", c.err)
			}
		})
	}
	if errs.Of(nil) != nil || errs.KindOf(nil) != errs.Internal {
		t.Error("nil is no error")
	}
}

func TestCopiesLeaveTheSentinelAlone(t *testing.T) {
	cause := errors.New("duplicate key")
	one := errTaken.With("name", "x").Wrap(cause).After(time.Second)
	two := one.With("name", "y")
	if errTaken.Params != nil || errTaken.RetryAfter != 0 || errors.Unwrap(errTaken) != nil {
		t.Errorf("the sentinel has become %+v", errTaken)
	}
	if one.Params["name"] != "x" || two.Params["name"] != "y" {
		t.Errorf("params are %v and %v", one.Params, two.Params)
	}
	if !errors.Is(two, errTaken) || !errors.Is(two, cause) || two.RetryAfter != time.Second {
		t.Errorf("%v has lost its code, cause or delay", two)
	}
	if errors.Is(two, errs.ErrInternal) {
		t.Error("another code matches")
	}
}

func TestTheTextForLogsNamesAllOfIt(t *testing.T) {
	e := &errs.Error{Kind: errs.Invalid, Code: "validation_failed", Faults: []errs.Fault{errs.TooShort(3).At("body", "name")}}
	if got, want := e.Wrap(errors.New("why")).Error(), "validation_failed [body name]:string_too_short: why"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := errs.GreaterThan(0).Error(), "greater_than map[gt:0]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := errs.Kind(200).String(), "kind(200)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRulesMatchByCode(t *testing.T) {
	err := fmt.Errorf("name: %w", errs.TooLong(255))
	if !errors.Is(err, errs.TooLong(50)) || errors.Is(err, errs.TooShort(3)) || !errors.Is(errs.OneOf("vi, en"), errs.Violates("enum")) {
		t.Error("rules match by their code alone")
	}
	f := errs.LessOrEqual(100).At("query", "limit")
	if fmt.Sprint(f.Loc) != "[query limit]" || f.Code != "less_than_equal" || f.Params["le"] != 100 {
		t.Errorf("fault is %+v", f)
	}
	if g := errs.GreaterOrEqual(0); g.Params["ge"] != 0 {
		t.Errorf("rule is %+v", g)
	}
}
