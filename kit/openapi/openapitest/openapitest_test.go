package openapitest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"shop/kit/openapi/openapitest"
)

const spec = `
openapi: 3.1.0
info: {title: Things, version: "1"}
paths:
  /things/{id}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer, format: int64, minimum: 1}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
      responses:
        "200":
          description: A thing.
          headers: {ETag: {required: true, schema: {type: string}}}
          content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
        "304": {description: Not changed.}
        "404": {$ref: "#/components/responses/Error"}
  /things:
    post:
      security: [{bearer: []}]
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/NewThing"}}}
      responses:
        "201":
          description: Made.
          content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
        "422": {$ref: "#/components/responses/Error"}
  /login:
    post:
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, required: [username], properties: {username: {type: string, minLength: 3}}}
      responses: {"204": {description: Welcome.}, "202": {description: Later.}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  schemas:
    NewThing:
      type: object
      required: [name]
      properties: {name: {type: string, minLength: 1}, price: {type: [number, string]}}
    Thing:
      type: object
      required: [id, name, price, note, created_at]
      properties:
        id: {type: integer, format: int64}
        name: {type: string}
        price: {type: number}
        note: {type: [string, "null"]}
        created_at: {type: string, format: date-time}
  responses:
    Error:
      description: Refused.
      content:
        application/json: {schema: {type: object, required: [detail], properties: {detail: {}}}}
        application/problem+json: {schema: {type: object, required: [title], properties: {title: {type: string}}}}
`

// recorder is a test that collects what fails in it.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func thing(fields string) string {
	return `{"id":7,"name":"Bút","price":24000000.00,"note":null,"created_at":"2026-01-02T03:04:05.000006Z"` + fields + `}`
}

func TestTransport(t *testing.T) {
	const jsonType, problemType = "application/json", "application/problem+json"
	loaded := openapitest.Load(t, []byte(spec))
	tests := map[string]struct {
		method, target, contentType, token, body string
		status                                   int
		answerType, etag, answer                 string
		wrong                                    string // Part of what is reported, "" = the exchange is right.
	}{
		"a thing":                   {method: "GET", target: "/things/7?limit=3", status: 200, answerType: jsonType, etag: `"1"`, answer: thing("")},
		"trailing slash is refused": {method: "GET", target: "/nothing", status: 404, answerType: jsonType, answer: `{"detail":""}`},
		"not modified":              {method: "GET", target: "/things/7", status: 304},
		"HEAD":                      {method: "HEAD", target: "/things/7", status: 200, answerType: jsonType, etag: `"1"`},
		"an error":                  {method: "GET", target: "/things/7", status: 404, answerType: jsonType, answer: `{"detail":"x"}`},
		"a problem":                 {method: "GET", target: "/things/7", status: 404, answerType: problemType, answer: `{"title":"x"}`},
		"a refused wrong body":      {method: "POST", target: "/things", contentType: jsonType, body: `{"name":""}`, status: 422, answerType: jsonType, answer: `{"detail":[]}`},
		"a form":                    {method: "POST", target: "/login", contentType: "application/x-www-form-urlencoded", body: "username=lan", status: 204},
		"a preflight":               {method: "OPTIONS", target: "/things", status: 204},
		"wrong method":              {method: "PUT", target: "/things", status: 405, answerType: jsonType, answer: `{"detail":"x"}`},

		"a status that is not described":  {method: "GET", target: "/things/7", status: 500, answerType: jsonType, answer: `{"detail":"x"}`, wrong: "no status 500"},
		"a HEAD that is not described":    {method: "HEAD", target: "/things/7", status: 500, wrong: "no status 500"},
		"a type that is not described":    {method: "GET", target: "/things/7", status: 200, answerType: "text/plain", etag: `"1"`, answer: "x", wrong: "text/plain"},
		"a body that is not described":    {method: "POST", target: "/login", contentType: "application/x-www-form-urlencoded", body: "username=lan", status: 202, answerType: jsonType, answer: `{}`, wrong: "has no body here"},
		"a field of the wrong type":       {method: "GET", target: "/things/7", status: 200, answerType: jsonType, etag: `"1"`, answer: thing(`,"price":"1"`), wrong: "price"},
		"a field that is missing":         {method: "GET", target: "/things/7", status: 200, answerType: jsonType, etag: `"1"`, answer: `{"id":7}`, wrong: "name"},
		"a time that is none":             {method: "GET", target: "/things/7", status: 200, answerType: jsonType, etag: `"1"`, answer: thing(`,"created_at":"now"`), wrong: "created_at"},
		"a header that is missing":        {method: "GET", target: "/things/7", status: 200, answerType: jsonType, answer: thing(""), wrong: "ETag"},
		"a path that is not described":    {method: "GET", target: "/other", status: 200, answerType: jsonType, answer: "{}", wrong: "no such path"},
		"an accepted wrong body":          {method: "POST", target: "/things", contentType: jsonType, token: "t", body: `{"name":""}`, status: 201, answerType: jsonType, answer: thing(""), wrong: "accepted request"},
		"an accepted wrong parameter":     {method: "GET", target: "/things/7?limit=101", status: 200, answerType: jsonType, etag: `"1"`, answer: thing(""), wrong: "accepted request"},
		"an accepted wrong form":          {method: "POST", target: "/login", contentType: "application/x-www-form-urlencoded", body: "username=l", status: 204, wrong: "accepted request"},
		"accepted without credentials":    {method: "POST", target: "/things", contentType: jsonType, body: `{"name":"a"}`, status: 201, answerType: jsonType, answer: thing(""), wrong: "accepted request"},
		"a body with no declared content": {method: "GET", target: "/things/7", status: 200, answerType: "", etag: `"1"`, answer: thing(""), wrong: "content"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got, err := io.ReadAll(r.Body); err != nil || string(got) != test.body {
					t.Errorf("the service got the body %q (%v), want %q", got, err, test.body)
				}
				w.Header()["Content-Type"] = nil
				if test.answerType != "" {
					w.Header().Set("Content-Type", test.answerType)
				}
				if test.etag != "" {
					w.Header().Set("Etag", test.etag)
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.answer)
			}))
			defer server.Close()
			r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.target, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			if test.token != "" {
				r.Header.Set("Authorization", "Bearer "+test.token)
			}
			record := &recorder{TB: t}
			response, err := loaded.Client(record).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if got, err := io.ReadAll(response.Body); err != nil || string(got) != test.answer {
				t.Errorf("the client got %q (%v), want %q", got, err, test.answer)
			}
			got := strings.Join(record.failures, "\n")
			if (test.wrong == "") != (got == "") || !strings.Contains(got, test.wrong) {
				t.Errorf("reported %q, want %q in it", got, test.wrong)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	documented := []string{"GET /things/{id}", "POST /login", "POST /things"}
	tests := map[string]struct {
		routes []string
		wrong  string
	}{
		"the same":         {routes: documented},
		"one too many":     {routes: append([]string{"GET /secret"}, documented...), wrong: "GET /secret is served"},
		"one is missing":   {routes: documented[1:], wrong: "GET /things/{id} is in the document"},
		"another variable": {routes: []string{"GET /things/{thing}", "POST /login", "POST /things"}, wrong: "GET /things/{thing} is served"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			record := &recorder{TB: t}
			openapitest.Covers(record, []byte(spec), test.routes)
			got := strings.Join(record.failures, "\n")
			if (test.wrong == "") != (got == "") || !strings.Contains(got, test.wrong) {
				t.Errorf("reported %q, want %q in it", got, test.wrong)
			}
		})
	}
}
