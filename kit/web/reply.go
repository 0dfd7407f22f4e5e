package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"shop/kit/endpoint"
)

// Reply is a response in its wire form.
type Reply struct {
	// Body is sent as compact JSON; a json.RawMessage is sent as it is. nil sends
	// no body.
	Body any
	// ETag is a whole entity tag with its quotes: `"7"`, `W/"7"`. A GET or HEAD
	// whose If-None-Match names it is answered 304 without the body.
	ETag     string
	Location string
	Header   http.Header // More headers.
	Status   int         // 0 is the route's status.
	Page     *Page       // Set for a list.
}

// Page says where a list stands in the whole.
type Page struct {
	Total int64 // X-Total-Count.
	Exact bool  // false: there are more than Total, X-Total-Count-Exact: false.
	// Next holds the query parameters of the next page, "" on the last one. The
	// request's other parameters are kept; one named here with an empty value
	// is dropped ("after=c2&skip=").
	Next string
}

// JSON is the encoder of a response that is its own wire form.
func JSON(body any) Reply { return Reply{Body: body} }

// Empty is the encoder of a use case that returns nothing: 204.
func Empty(endpoint.None) Reply { return Reply{Status: http.StatusNoContent} }

// Values of headers that are the same on every response. They are shared, so
// their capacity is their length: whoever appends gets a copy.
var (
	jsonType    = []string{"application/json"}
	problemType = []string{"application/problem+json"}
	noSniff     = []string{"nosniff"}
	inexact     = []string{"false"}
)

// jsonBuffer encodes one body at a time.
type jsonBuffer struct {
	bytes.Buffer
	enc *json.Encoder
}

// maxPooled is the largest buffer in bytes that is kept for another response; one
// huge answer must not be paid for ever.
const maxPooled = 64 << 10

var jsonBuffers = sync.Pool{New: func() any {
	b := &jsonBuffer{}
	b.enc = json.NewEncoder(&b.Buffer)
	b.enc.SetEscapeHTML(false) // The body is application/json with nosniff, never HTML.
	return b
}}

// encode returns body as compact JSON in a buffer that free takes back.
func encode(body any) (*jsonBuffer, error) {
	b, _ := jsonBuffers.Get().(*jsonBuffer)
	b.Reset()
	if raw, ok := body.(json.RawMessage); ok {
		b.Write(raw)
		return b, nil
	}
	if err := b.enc.Encode(body); err != nil {
		return nil, err
	}
	b.Truncate(b.Len() - 1) // The encoder's newline.
	return b, nil
}

func (b *jsonBuffer) free() {
	if b.Cap() <= maxPooled {
		jsonBuffers.Put(b)
	}
}

// reply sends r, encoded whole before the first byte of the response, so that a
// value which does not encode becomes a clean 500.
func (x *exchange) reply(r Reply, status int) error {
	if r.Status != 0 {
		status = r.Status
	}
	h := x.Header()
	if r.ETag != "" && status == http.StatusOK && x.reads() && matches(x.r.Header["If-None-Match"], r.ETag) {
		status, r.Body = http.StatusNotModified, nil
	}
	var body *jsonBuffer
	if r.Body != nil {
		var err error
		if body, err = encode(r.Body); err != nil {
			return &unencodableError{fmt.Errorf("encode a %T: %w", r.Body, err)}
		}
		defer body.free()
	}
	for name, values := range r.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	if r.ETag != "" {
		h["Etag"] = []string{r.ETag}
	}
	if r.Location != "" {
		h["Location"] = []string{r.Location}
	}
	if r.Page != nil {
		r.Page.write(h, x.r.URL)
	}
	if body == nil {
		x.WriteHeader(status)
		return nil
	}
	x.send(status, jsonType, body.Bytes())
	return nil
}

func (p *Page) write(h http.Header, u *url.URL) {
	h["X-Total-Count"] = []string{strconv.FormatInt(p.Total, 10)}
	if !p.Exact {
		h["X-Total-Count-Exact"] = inexact
	}
	if p.Next == "" {
		return
	}
	query := u.Query()
	changes, err := url.ParseQuery(p.Next)
	if err != nil {
		return // Unreachable from a query that was made by url.Values; a page without a link is still right.
	}
	for name, values := range changes {
		if values[0] == "" {
			query.Del(name)
		} else {
			query[name] = values
		}
	}
	h["Link"] = []string{"<" + strings.TrimSuffix(u.EscapedPath(), "/") + "?" + query.Encode() + `>; rel="next"`}
}
