package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shop/kit/errs"
)

// errorBody is the body of an error.
type errorBody struct {
	Detail  any         `json:"detail"` // A text; for 422 a list of fieldFault.
	Code    string      `json:"code"`
	TraceID string      `json:"trace_id"`
	Params  errs.Params `json:"params,omitempty"` // Internal routes only.
}

// problemBody is the same by RFC 9457. The type is about:blank: the code says
// more than a link to a page would.
type problemBody struct {
	Type    string       `json:"type"`
	Title   string       `json:"title"`
	Status  int          `json:"status"`
	Detail  string       `json:"detail"`
	Code    string       `json:"code"`
	TraceID string       `json:"trace_id"`
	Errors  []fieldFault `json:"errors,omitempty"`
	Params  errs.Params  `json:"params,omitempty"`
}

// fieldFault is one wrong field.
type fieldFault struct {
	Loc    []any       `json:"loc"`
	Msg    string      `json:"msg"`
	Type   string      `json:"type"`
	Params errs.Params `json:"params,omitempty"` // Internal routes only.
}

// clientGone is the status that metrics and the log give to a request whose
// client did not wait for the answer; nobody reads it.
const clientGone = 499

// retryAfter is what 429 and 503 ask for when the error doesn't say.
const retryAfter = time.Second

// encodeError is go-kit's ErrorEncoder. Errors of use cases were logged by the
// endpoint's middleware; a response that does not encode is logged here.
func (h *Handler) encodeError(ctx context.Context, err error, w http.ResponseWriter) {
	h.fail(ctx, w, err)
	x := exchangeOf(w)
	if errors.Is(err, context.Canceled) && errors.Is(x.r.Context().Err(), context.Canceled) {
		x.status = clientGone
	}
	if u := (*unencodableError)(nil); errors.As(err, &u) {
		h.log.ErrorContext(ctx, "response does not encode", "route", x.mount.route, "error", err)
	}
}

// fail answers with err in the language and the form that the client asks for.
func (h *Handler) fail(ctx context.Context, w http.ResponseWriter, err error) {
	x, e := exchangeOf(w), errs.Of(err)
	x.failure = e
	status := statusOf(e)
	header := w.Header()
	lang := h.languages.of(x.r.Header)
	header["Content-Language"] = []string{lang.String()}
	header.Add("Vary", "Accept, Accept-Language")
	switch {
	case status == http.StatusUnauthorized:
		header["Www-Authenticate"] = []string{"Bearer"}
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable, e.RetryAfter > 0:
		header["Retry-After"] = []string{seconds(e.RetryAfter)}
	}
	traceID := x.traceID
	if a := (*Answer)(nil); errors.As(err, &a) {
		for name, values := range a.Header {
			header[http.CanonicalHeaderKey(name)] = values
		}
		if a.TraceID != "" {
			traceID = a.TraceID
		}
	}

	text := h.texts.text(e, lang)
	var faults []fieldFault
	if status == http.StatusUnprocessableEntity {
		faults = h.faults(e, text, lang, x.mount.internal)
	}
	var params errs.Params
	if x.mount.internal {
		params = e.Params
	}
	contentType, body := jsonType, any(errorBody{text, e.Code, traceID, params})
	if faults != nil {
		body = errorBody{faults, e.Code, traceID, params}
	}
	if wantsProblem(x.r.Header) {
		contentType = problemType
		body = problemBody{"about:blank", http.StatusText(status), status, text, e.Code, traceID, faults, params}
	}
	b, err := encode(body)
	if err != nil { // A parameter that is no JSON, of an internal route.
		h.log.ErrorContext(ctx, "error body does not encode", "code", e.Code, "error", err)
		h.fail(ctx, w, errs.ErrInternal)
		return
	}
	defer b.free()
	x.send(status, contentType, b.Bytes())
}

// faults returns the faults of e as clients read them; an error about the whole
// request is one fault of its body.
func (h *Handler) faults(e *errs.Error, text string, lang lang, internal bool) []fieldFault {
	if len(e.Faults) == 0 {
		return []fieldFault{{Loc: []any{"body"}, Msg: text, Type: e.Code}}
	}
	faults := make([]fieldFault, len(e.Faults))
	for i, f := range e.Faults {
		faults[i] = fieldFault{Loc: f.Loc, Msg: h.texts.rule(f.Code, f.Params, lang), Type: f.Code}
		if internal {
			faults[i].Params = f.Params
		}
	}
	return faults
}

// seconds returns d as Retry-After says it: whole seconds, at least one.
func seconds(d time.Duration) string {
	if d <= 0 {
		d = retryAfter
	}
	return strconv.FormatInt(int64(math.Ceil(d.Seconds())), 10)
}

// wantsProblem reports whether the client names application/problem+json and
// does not like application/json better.
func wantsProblem(h http.Header) bool {
	values := h["Accept"]
	if len(values) == 0 || !strings.Contains(strings.ToLower(strings.Join(values, ",")), "problem+json") {
		return false
	}
	a := parseAccept(values)
	return a.problem > 0 && a.problem >= a.json
}
