// Package openapitest holds a service to its OpenAPI document: every exchange of
// a test is checked against it, and so is the table of routes.
package openapitest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/paths"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

// Spec is an OpenAPI document, ready to check exchanges.
type Spec struct {
	model     *v3.Document
	validator validator.Validator
	options   *config.ValidationOptions
}

// Load reads an openapi.yaml, which must itself be valid OpenAPI.
func Load(t testing.TB, spec []byte) *Spec {
	t.Helper()
	document, err := libopenapi.NewDocument(spec)
	if err != nil {
		t.Fatalf("read the OpenAPI document: %v", err)
	}
	model, err := document.BuildV3Model()
	if err != nil {
		t.Fatalf("read the OpenAPI document: %v", err)
	}
	options := []config.Option{config.WithFormatAssertions(), config.WithURLEncodedBodyValidation()}
	v, faults := validator.NewValidator(document, options...)
	if len(faults) > 0 {
		t.Fatalf("read the OpenAPI document: %v", faults)
	}
	if ok, faults := v.ValidateDocument(); !ok {
		t.Fatalf("the document is no valid OpenAPI:\n%s", describe(faults))
	}
	return &Spec{model: &model.Model, validator: v, options: config.NewValidationOptions(options...)}
}

// Client returns a client whose every exchange is checked: see Transport.
func (s *Spec) Client(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     s.Transport(t, transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Transport returns next with a check of every exchange. The test fails where the
// document does not describe the response (its status, type, headers or body),
// and where a request that the service accepted is none by the document: its
// credentials, parameters or body. A request that the service refused may be
// anything.
//
// Exchanges that no document describes are let through: preflights, the
// documentation pages, the internal routes, and paths and methods that are
// answered 404 and 405.
func (s *Spec) Transport(t testing.TB, next http.RoundTripper) http.RoundTripper {
	return &transport{t: t, spec: s, next: next}
}

type transport struct {
	t    testing.TB
	spec *Spec
	next http.RoundTripper
}

// RoundTrip sends r and checks what comes back.
func (c *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := take(&r.Body)
	if err != nil {
		return nil, err
	}
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	received, err := take(&response.Body)
	if err != nil {
		return nil, err
	}
	if described(r) {
		c.t.Helper()
		for _, fault := range c.spec.check(r, sent, response, received) {
			c.t.Errorf("%s %s → %d: %s\nsent:     %.500s\nreceived: %.1000s",
				r.Method, r.URL.RequestURI(), response.StatusCode, fault, sent, received)
		}
	}
	return response, nil
}

// take returns all of body and puts it back.
func take(body *io.ReadCloser) ([]byte, error) {
	if *body == nil || *body == http.NoBody {
		return nil, nil
	}
	data, err := io.ReadAll(*body)
	if closing := (*body).Close(); err == nil {
		err = closing
	}
	*body = io.NopCloser(bytes.NewReader(data))
	return data, err
}

// described reports whether an API's document describes requests like r.
func described(r *http.Request) bool {
	path := r.URL.Path
	return r.Method != http.MethodOptions && path != "/openapi.json" && path != "/docs" && path != "/redoc" &&
		!strings.HasPrefix(path, "/docs/") && !strings.HasPrefix(path, "/redoc/") && !strings.HasPrefix(path, "/internal/")
}

// check returns what is wrong with an exchange.
func (s *Spec) check(r *http.Request, sent []byte, response *http.Response, received []byte) []string {
	request := replay(r, sent)
	head := request.Method == http.MethodHead
	if head {
		request.Method = http.MethodGet // Described by it.
	}
	item, _, _ := paths.FindPath(request, s.model, s.options)
	if item == nil || item.GetOperations().GetOrZero(strings.ToLower(request.Method)) == nil {
		if response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusMethodNotAllowed {
			return nil
		}
		return []string{"the document has no such path and method"}
	}
	described := responseOf(item.GetOperations().GetOrZero(strings.ToLower(request.Method)), response.StatusCode)
	var found []string
	switch {
	case described == nil:
		return []string{fmt.Sprintf("the document has no status %d here", response.StatusCode)}
	case head:
		return nil // Without a body there is nothing to compare.
	case orderedmap.Len(described.Content) == 0 && len(received) > 0:
		found = append(found, "the document has no body here")
	}
	answer := *response
	answer.Body = io.NopCloser(bytes.NewReader(received))
	if ok, faults := s.validator.ValidateHttpResponse(replay(request, sent), &answer); !ok {
		found = append(found, "response: "+describe(faults))
	}
	if response.StatusCode < http.StatusBadRequest {
		if ok, faults := s.validator.ValidateHttpRequestSync(replay(request, sent)); !ok {
			found = append(found, "accepted request: "+describe(faults))
		}
	}
	return found
}

func responseOf(o *v3.Operation, status int) *v3.Response {
	if o.Responses == nil {
		return nil
	}
	for _, code := range []string{fmt.Sprint(status), fmt.Sprintf("%dXX", status/100)} {
		if r := o.Responses.Codes.GetOrZero(code); r != nil {
			return r
		}
	}
	return o.Responses.Default
}

// replay returns r as it was before its body was read.
func replay(r *http.Request, body []byte) *http.Request {
	c := r.Clone(r.Context())
	c.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 {
		c.Body = http.NoBody
	}
	return c
}

func describe(faults []*errors.ValidationError) string {
	var b strings.Builder
	for _, f := range faults {
		fmt.Fprintf(&b, "%s: %s", f.Message, f.Reason)
		for _, detail := range f.SchemaValidationErrors {
			fmt.Fprintf(&b, "; %s %s", detail.FieldPath, detail.Reason)
		}
		b.WriteString("\n")
	}
	return strings.TrimSpace(b.String())
}

// Covers fails where spec, an openapi.yaml, and routes, those of web.RoutesOf,
// are not the same set of methods and paths. HEAD is part of GET.
func Covers(t testing.TB, spec []byte, routes []string) {
	t.Helper()
	s := Load(t, spec)
	var documented []string
	for path, item := range s.model.Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	for _, route := range routes {
		if !slices.Contains(documented, route) {
			t.Errorf("%s is served and not in the document", route)
		}
	}
	for _, route := range documented {
		if !slices.Contains(routes, route) {
			t.Errorf("%s is in the document and not served", route)
		}
	}
}
