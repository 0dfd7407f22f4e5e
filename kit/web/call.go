package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	kithttp "github.com/go-kit/kit/transport/http"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/telemetry"
)

// Call returns a function that sends a Req to c's service by method and decodes
// the answer as Resp. target gives the path with its query, escaped; body gives
// what is sent as JSON, nil for no body. route names the call in metrics and
// spans: "/internal/users/{id}/contact".
//
// An error is an *errs.Error: of the kind of the status, with the code, the
// parameters and the faults of the body, so errors.Is matches the sentinel that
// the other service returned. A service that can't be reached, is too slow, or
// answers anything that is no answer of ours is errs.ErrUnavailable. Trace and
// request id are passed on, a bearer token is not.
func Call[Req, Resp any](
	c *Client, method, route string, target func(Req) string, body func(Req) any,
) func(context.Context, Req) (Resp, error) {
	create := func(ctx context.Context, request any) (*http.Request, error) {
		req := request.(Req) // The function below is the only caller.
		var wire any
		if body != nil {
			wire = body(req)
		}
		return c.request(ctx, method, target(req), wire)
	}
	decode := func(ctx context.Context, r *http.Response) (any, error) {
		resp := new(Resp)
		_, none := any(*resp).(endpoint.None)
		if err := c.read(ctx, r, resp, none); err != nil {
			return nil, err
		}
		return *resp, nil
	}
	call := kithttp.NewExplicitClient(create, decode, kithttp.SetClient(c.http)).Endpoint()
	p := c.plan(method, route)
	return func(ctx context.Context, req Req) (Resp, error) {
		ctx, done := p.begin(ctx)
		response, err := call(ctx, req)
		err = done(err)
		resp, _ := response.(Resp)
		return resp, err
	}
}

// request makes the request of one call.
func (c *Client) request(ctx context.Context, method, target string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, errs.ErrInternal.Wrap(fmt.Errorf("encode a %T: %w", body, err))
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+target, content)
	if err != nil {
		return nil, errs.ErrInternal.Wrap(err)
	}
	h := r.Header
	h["Accept"] = jsonType
	if body != nil {
		h["Content-Type"] = jsonType
	}
	if c.token != "" {
		h["X-Internal-Token"] = []string{c.token}
	}
	if id := telemetry.RequestID(ctx); id != "" {
		h["X-Request-Id"] = []string{id}
	}
	c.tel.Propagator.Inject(ctx, carrier(h))
	return r, nil
}

// read decodes the answer into resp, or returns its error.
func (c *Client) read(ctx context.Context, r *http.Response, resp any, none bool) error {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		o.status = r.StatusCode
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer: %w", err)
	case len(data) > maxBody:
		return errors.New("the answer is larger than 1 MiB")
	case r.StatusCode < 200 || r.StatusCode >= 300:
		return errorOf(r, data)
	case none:
		return nil
	}
	if err := json.Unmarshal(data, resp); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	return nil
}

// errorOf returns the error that an answer tells of. What did not come from one
// of our services has no code and is errs.ErrUnavailable; only 429 and 503
// speak for themselves, whoever sent them.
func errorOf(r *http.Response, data []byte) error {
	var body struct {
		Code   string          `json:"code"`
		Params map[string]any  `json:"params"`
		Detail json.RawMessage `json:"detail"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&body); err != nil {
		body.Code = "" // Garbage.
	}
	kind, known := kindOf(r.StatusCode)
	if !known || body.Code == "" || body.Code == errNotACaller.Code {
		if kind != errs.Limited {
			body.Code, kind = errs.ErrUnavailable.Code, errs.Unavailable
		} else {
			body.Code = kind.String()
		}
	}
	e := errs.New(kind, body.Code)
	e.Params = params(body.Params)
	e.Faults = faultsOf(body.Detail)
	if after, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && after > 0 {
		e = e.After(time.Duration(min(after, maxRetryAfter)) * time.Second)
	}
	return e.Wrap(fmt.Errorf("answered %d", r.StatusCode))
}

// maxRetryAfter is the longest wait in seconds that another service may ask for.
const maxRetryAfter = 24 * 60 * 60

// params returns numbers as the texts of Params want them: integers, or else as
// they were written.
func params(raw map[string]any) errs.Params {
	if len(raw) == 0 {
		return nil
	}
	for name, value := range raw {
		if number, ok := value.(json.Number); ok {
			if n, err := number.Int64(); err == nil {
				raw[name] = n
			}
		}
	}
	return raw
}

// faultsOf returns the faults of a 422, nil if detail is no list of them.
func faultsOf(detail json.RawMessage) []errs.Fault {
	var list []fieldFault
	d := json.NewDecoder(bytes.NewReader(detail))
	d.UseNumber()
	if len(detail) == 0 || d.Decode(&list) != nil {
		return nil
	}
	faults := make([]errs.Fault, len(list))
	for i, f := range list {
		for at, step := range f.Loc {
			if number, ok := step.(json.Number); ok {
				if n, err := strconv.Atoi(number.String()); err == nil {
					f.Loc[at] = n
				}
			}
		}
		faults[i] = errs.Fault{Loc: f.Loc, Code: f.Type, Params: params(f.Params)}
	}
	return faults
}
