// Package rest is a plain REST client for the shop's public doors, as any
// client outside of this repository would write one: the demo, the seed and the
// end-to-end tests know the services by their contract only.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const maxAnswer = 16 << 20 // bytes

// Client talks to one service. The zero HTTP is a client with a 30 s limit.
type Client struct {
	Base  string // "http://127.0.0.1:8001"
	Token string // Sent as a bearer token when not empty.
	HTTP  *http.Client
}

// Answer is a whole response.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Took   time.Duration // From sending the request to reading the last byte.
}

// Option changes a request before it is sent.
type Option func(*http.Request)

// Header sets a request header.
func Header(name, value string) Option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// As returns a copy of c that sends token.
func (c Client) As(token string) Client {
	c.Token = token
	return c
}

// Get requests path.
func (c Client) Get(ctx context.Context, path string, o ...Option) (Answer, error) {
	return c.Do(ctx, http.MethodGet, path, nil, o...)
}

// Post sends body as JSON; url.Values as a form.
func (c Client) Post(ctx context.Context, path string, body any, o ...Option) (Answer, error) {
	return c.Do(ctx, http.MethodPost, path, body, o...)
}

// Do sends one request. An answer of any status is no error; a body of nil
// sends none.
func (c Client) Do(ctx context.Context, method, path string, body any, o ...Option) (Answer, error) {
	content, kind, err := encode(body)
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.Base, "/")+path, content)
	if err != nil {
		return Answer{}, fmt.Errorf("request %s %s: %w", method, path, err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	for _, set := range o {
		set(req)
	}
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read %s %s: %w", method, path, err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: data, Took: time.Since(start)}, nil
}

func encode(body any) (io.Reader, string, error) {
	switch b := body.(type) {
	case nil:
		return http.NoBody, "", nil
	case url.Values:
		return strings.NewReader(b.Encode()), "application/x-www-form-urlencoded", nil
	default:
		data, err := json.Marshal(b)
		if err != nil {
			return nil, "", fmt.Errorf("encode body: %w", err)
		}
		return bytes.NewReader(data), "application/json", nil
	}
}

// Into decodes the answer's body.
func (a Answer) Into(v any) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return fmt.Errorf("answer %d is no JSON of that shape: %w: %.200s", a.Status, err, a.Body)
	}
	return nil
}

// Detail returns the text of an error answer, its list of faults as compact
// JSON, or the start of the body where it is no error of the contract.
func (a Answer) Detail() string {
	var problem struct {
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(a.Body, &problem) != nil || len(problem.Detail) == 0 {
		return fmt.Sprintf("%.200s", a.Body)
	}
	var text string
	if json.Unmarshal(problem.Detail, &text) == nil {
		return text
	}
	return string(problem.Detail)
}
