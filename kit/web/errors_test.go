package web

import (
	"net/http"
	"testing"

	"shop/kit/errs"
)

// The table is read both ways, so it must say the same both ways.
func TestEveryKindHasOneStatus(t *testing.T) {
	want := map[errs.Kind]int{
		errs.Internal: 500, errs.Invalid: 422, errs.Refused: 400, errs.Unauthenticated: 401, errs.Forbidden: 403,
		errs.NotFound: 404, errs.Conflict: 409, errs.Stale: 412, errs.Limited: 429, errs.Unavailable: 503,
	}
	for kind := errs.Internal; kind <= errs.Unavailable; kind++ {
		status := statusOf(errs.New(kind, "any"))
		if status != want[kind] {
			t.Errorf("%v is %d, want %d", kind, status, want[kind])
		}
		if back, ok := kindOf(status); !ok || back != kind {
			t.Errorf("%v is %d, which is %v", kind, status, back)
		}
	}
}

func TestTransportErrors(t *testing.T) {
	for e, want := range map[*errs.Error]int{
		errMethodNotAllowed: 405, errNotAcceptable: 406, errBodyTooSlow: 408, errBodyTooLarge: 413, errUnsupportedMedia: 415,
		errRouteNotFound: 404, errNotReady: 503, errNotACaller: 403,
	} {
		if got := statusOf(e); got != want {
			t.Errorf("%s is %d, want %d", e.Code, got, want)
		}
		if back, ok := kindOf(want); !ok || back != e.Kind {
			t.Errorf("%d is %v, want %v", want, back, e.Kind)
		}
	}
	for _, status := range []int{http.StatusTeapot, http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusFound, clientGone, 0} {
		if kind, ok := kindOf(status); ok {
			t.Errorf("%d is the kind %v, want none", status, kind)
		}
	}
}

func TestThePlatformsErrorsHaveTexts(t *testing.T) {
	codes := []string{"missing", "json_invalid", "form_invalid", "query_invalid", "dict_type", "value_error", "string_type", "string_unicode",
		"string_nul", "string_too_short", "string_too_long", "int_type", "int_parsing", "int_parsing_size", "int_from_float", "bool_type",
		"bool_parsing", "decimal_type", "decimal_parsing", "decimal_max_digits", "greater_than", "greater_than_equal", "less_than_equal", "enum"}
	for kind := errs.Internal; kind <= errs.Unavailable; kind++ {
		codes = append(codes, kind.String())
	}
	for _, e := range []*errs.Error{
		errs.ErrInternal, errs.ErrUnavailable, errs.ErrOverloaded, errs.ErrTimeout, errs.ErrInvalid, errRouteNotFound, errMethodNotAllowed,
		errNotAcceptable, errBodyTooSlow, errBodyTooLarge, errUnsupportedMedia, errNotReady, errNotACaller,
	} {
		codes = append(codes, e.Code)
	}
	if missing := (Texts{}).Missing(codes...); len(missing) > 0 {
		t.Errorf("no text for %q", missing)
	}
	if got := (Texts{"half": {VI: "nửa"}}).Missing("half", "none", "none", "missing"); len(got) != 2 {
		t.Errorf("missing %q, want half and none", got)
	}
}
