package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/web"
)

// wanted is a request with a field of every type.
type wanted struct {
	Name  string  `json:"name"`
	Note  *string `json:"note"`
	Count int64   `json:"count"`
	Price string  `json:"price"`
	Fresh bool    `json:"fresh"`
}

func readWanted(f *web.Fields) wanted {
	return wanted{
		Name: web.Required(f, "name", web.String, func(s string) (string, error) {
			switch n := len([]rune(s)); {
			case n < 1:
				return "", errs.TooShort(1)
			case n > 20:
				return "", errs.TooLong(20)
			}
			return s, nil
		}),
		Note: web.Optional(f, "note", web.String, web.Is),
		Count: web.Required(f, "count", web.Int, func(n int64) (int64, error) {
			if n < 1 {
				return 0, errs.GreaterThan(0)
			}
			return n, nil
		}),
		Price: web.Required(f, "price", web.Decimal, web.Is),
		Fresh: web.Default(f, "fresh", web.Bool, web.Is, true),
	}
}

// wanting is POST /json and POST /form, which answer with what they understood.
// A stranger, who sends no X-User, is refused before any field.
func wanting() []web.Route {
	e := endpoint.New(func(_ context.Context, w wanted) (wanted, error) { return w, nil }, authenticating)
	decode := func(read func(*http.Request) (*web.Fields, error)) func(*http.Request) (wanted, error) {
		return func(r *http.Request) (wanted, error) {
			f, err := read(r)
			if err != nil {
				return wanted{}, err
			}
			w := readWanted(f)
			return w, f.Err()
		}
	}
	encode := func(w wanted) web.Reply { return web.JSON(w) }
	return []web.Route{
		web.Handle("POST /json", http.StatusOK, e, decode(web.Object), encode),
		web.Handle("POST /form", http.StatusOK, e, decode(web.Form), encode),
		web.Handle("GET /query", http.StatusOK, e, decode(func(r *http.Request) (*web.Fields, error) { return web.Query(r), nil }), encode),
	}
}

type userKey struct{}

func authenticating(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		if ctx.Value(userKey{}) == "" {
			return nil, errs.New(errs.Unauthenticated, "unauthenticated")
		}
		return next(ctx, request)
	}
}

func wantingHandler(t testing.TB) http.Handler {
	return serving(t, web.Config{Before: []func(context.Context, *http.Request) context.Context{
		func(ctx context.Context, r *http.Request) context.Context {
			return context.WithValue(ctx, userKey{}, r.Header.Get("X-User"))
		},
	}}, wanting()...)
}

func TestObject(t *testing.T) {
	h := wantingHandler(t)
	tests := map[string]struct{ body, want string }{
		"every field":               {`{"name":"Bút","note":"x","count":3,"price":19.99,"fresh":false}`, `{"name":"Bút","note":"x","count":3,"price":"19.99","fresh":false}`},
		"only what is required":     {`{"name":"a","count":3,"price":1}`, `{"name":"a","note":null,"count":3,"price":"1","fresh":true}`},
		"nulls for what may be":     {`{"name":"a","note":null,"count":3,"price":1,"fresh":null}`, `{"name":"a","note":null,"count":3,"price":"1","fresh":true}`},
		"unknown fields":            {`{"name":"a","count":3,"price":1,"more":{"x":[1,{"y":null}]},"Name":7}`, `{"name":"a","note":null,"count":3,"price":"1","fresh":true}`},
		"the last of two values":    {`{"name":"a","name":"b","count":3,"price":1}`, `{"name":"b","note":null,"count":3,"price":"1","fresh":true}`},
		"white space":               {" \t\r\n{ \"name\" : \"a\" ,\n\"count\":3,\"price\":1 } \n", `{"name":"a","note":null,"count":3,"price":"1","fresh":true}`},
		"escapes":                   {`{"name":"\u0111\t\"\\\ud83d\ude00","count":3,"price":1}`, `{"name":"đ\t\"\\😀","note":null,"count":3,"price":"1","fresh":true}`},
		"an integer with a point":   {`{"name":"a","count":3.0,"price":1}`, `{"name":"a","note":null,"count":3,"price":"1","fresh":true}`},
		"an integer with exponent":  {`{"name":"a","count":30e-1,"price":1}`, `{"name":"a","note":null,"count":3,"price":"1","fresh":true}`},
		"the greatest integer":      {`{"name":"a","count":9223372036854775807,"price":1}`, `{"name":"a","note":null,"count":9223372036854775807,"price":"1","fresh":true}`},
		"the greatest, in exponent": {`{"name":"a","count":9.223372036854775807e18,"price":1}`, `{"name":"a","note":null,"count":9223372036854775807,"price":"1","fresh":true}`},
		"a price as text":           {`{"name":"a","count":3,"price":"19.990"}`, `{"name":"a","note":null,"count":3,"price":"19.990","fresh":true}`},
		"a price for the domain":    {`{"name":"a","count":3,"price":1e999999999}`, `{"name":"a","note":null,"count":3,"price":"1e999999999","fresh":true}`},
		"20 characters, 60 bytes":   {`{"name":"` + strings.Repeat("ộ", 20) + `","count":3,"price":1}`, `{"name":"` + strings.Repeat("ộ", 20) + `","note":null,"count":3,"price":"1","fresh":true}`},
		"nested, but bearable":      {`{"name":"a","count":3,"price":1,"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, `{"name":"a","note":null,"count":3,"price":"1","fresh":true}`},
		"an empty text":             {`{"name":"a","note":"","count":3,"price":1}`, `{"name":"a","note":"","count":3,"price":"1","fresh":true}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, contentType := range []string{"", "application/json", "application/json; charset=UTF-8", "Application/JSON;charset=\"utf-8\"", "application/merge-patch+json"} {
				header := []string{"X-User: lan"}
				if contentType != "" {
					header = append(header, "Content-Type: "+contentType)
				}
				if w := ask(h, "POST", "/json", tt.body, header...); w.Code != 200 || w.Body.String() != tt.want {
					t.Errorf("as %q: %d %s, want %s", contentType, w.Code, w.Body, tt.want)
				}
			}
		})
	}
}

// valid is a body that is right but for what a test puts in place of a value.
func valid(field, value string) string {
	fields := map[string]string{"name": `"a"`, "count": "3", "price": "1"}
	fields[field] = value
	var parts []string
	for name, value := range fields {
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestBadBodies(t *testing.T) {
	h := wantingHandler(t)
	tests := map[string]struct {
		body string
		want string // "loc:type" of every fault.
	}{
		"nothing":                         {``, "body:missing"},
		"white space":                     {" \n", "body.2:json_invalid"},
		"half an object":                  {`{"name":"a"`, "body.11:json_invalid"},
		"a comma too many":                {`{"name":"a",}`, "body.13:json_invalid"},
		"single quotes":                   {`{'name':'a'}`, "body.2:json_invalid"},
		"a comment":                       {`{/**/}`, "body.2:json_invalid"},
		"two objects":                     {`{}{}`, "body.3:json_invalid"},
		"an object and more":              {`{} x`, "body.4:json_invalid"},
		"a byte order mark":               {"\xef\xbb\xbf{}", "body.1:json_invalid"},
		"a name without quotes":           {`{name:"a"}`, "body.2:json_invalid"},
		"plain text":                      {`hello`, "body.1:json_invalid"},
		"XML":                             {`<name>a</name>`, "body.1:json_invalid"},
		"a form":                          {`name=a&count=3`, "body.2:json_invalid"},
		"a bare NUL":                      {"{\"name\":\"a\x00\"}", "body.11:json_invalid"},
		"a bare line break in a text":     {"{\"name\":\"a\nb\"}", "body.11:json_invalid"},
		"a wrong escape":                  {`{"name":"\x"}`, "body.11:json_invalid"},
		"half an escape":                  {`{"name":"\u00"}`, "body.14:json_invalid"},
		"NaN":                             {`{"count":NaN}`, "body.10:json_invalid"},
		"infinity":                        {`{"count":Infinity}`, "body.10:json_invalid"},
		"a number with a leading zero":    {`{"count":03}`, "body.11:json_invalid"},
		"a number with a plus":            {`{"count":+3}`, "body.10:json_invalid"},
		"a number with a bare point":      {`{"count":3.}`, "body.12:json_invalid"},
		"a hexadecimal number":            {`{"count":0x3}`, "body.11:json_invalid"},
		"nested without end":              {strings.Repeat("[", 200000), "body.10001:json_invalid"},
		"nested too deeply":               {strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), "body.50001:json_invalid"},
		"nested too deeply in a field":    {`{"name":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}`, "body.10008:json_invalid"},
		"invalid UTF-8 in a text":         {"{\"name\":\"\xff\"}", "body.9:json_invalid"},
		"invalid UTF-8 in a name":         {"{\"na\xc3me\":\"a\"}", "body.4:json_invalid"},
		"invalid UTF-8 outside":           {"{}\x80", "body.2:json_invalid"},
		"an overlong NUL":                 {"{\"name\":\"\xc0\x80\"}", "body.9:json_invalid"},
		"a surrogate in UTF-8":            {"{\"name\":\"\xed\xa0\x80\"}", "body.9:json_invalid"},
		"UTF-16":                          {"\xff\xfe{\x00}\x00", "body.0:json_invalid"},
		"null":                            {`null`, "body:dict_type"},
		"a list":                          {`[{"name":"a"}]`, "body:dict_type"},
		"a text":                          {`"name"`, "body:dict_type"},
		"a number":                        {`7`, "body:dict_type"},
		"true":                            {`true`, "body:dict_type"},
		"an empty object":                 {`{}`, "body.name:missing body.count:missing body.price:missing"},
		"names in other letter case":      {`{"Name":"a","COUNT":3,"pricE":1}`, "body.name:missing body.count:missing body.price:missing"},
		"every type wrong":                {`{"name":1,"note":2,"count":"3","price":[],"fresh":"yes"}`, "body.name:string_type body.note:string_type body.count:int_type body.price:decimal_type body.fresh:bool_type"},
		"nulls":                           {`{"name":null,"count":null,"price":null}`, "body.name:string_type body.count:int_type body.price:decimal_type"},
		"a name that is a number":         {valid("name", `1`), "body.name:string_type"},
		"a name that is true":             {valid("name", `true`), "body.name:string_type"},
		"a name that is a list":           {valid("name", `["a"]`), "body.name:string_type"},
		"a name that is an object":        {valid("name", `{"a":1}`), "body.name:string_type"},
		"a name with an escaped NUL":      {valid("name", `"a\u0000b"`), "body.name:string_nul"},
		"a high surrogate alone":          {valid("name", `"\ud800"`), "body.name:string_unicode"},
		"a low surrogate alone":           {valid("name", `"\udc00 "`), "body.name:string_unicode"},
		"surrogates the wrong way round":  {valid("name", `"\ude00\ud83d"`), "body.name:string_unicode"},
		"two high surrogates":             {valid("name", `"\ud83d\ud83d\ude00"`), "body.name:string_unicode"},
		"a surrogate and a letter":        {valid("name", `"\ud83da\ude00"`), "body.name:string_unicode"},
		"a surrogate and another escape":  {valid("name", `"\ud83d\n"`), "body.name:string_unicode"},
		"an empty name":                   {valid("name", `""`), "body.name:string_too_short"},
		"a long name":                     {valid("name", `"`+strings.Repeat("đ", 21)+`"`), "body.name:string_too_long"},
		"a count as text":                 {valid("count", `"3"`), "body.count:int_type"},
		"a count that is true":            {valid("count", `true`), "body.count:int_type"},
		"a count that is a list":          {valid("count", `[3]`), "body.count:int_type"},
		"a fraction":                      {valid("count", `3.5`), "body.count:int_from_float"},
		"a tiny fraction":                 {valid("count", `3.00000000000000000000001`), "body.count:int_from_float"},
		"a fraction by its exponent":      {valid("count", `35e-1`), "body.count:int_from_float"},
		"a fraction without end":          {valid("count", `1e-999999999999999999999`), "body.count:int_from_float"},
		"zero":                            {valid("count", `0`), "body.count:greater_than"},
		"minus zero":                      {valid("count", `-0.0e9999999999`), "body.count:greater_than"},
		"negative":                        {valid("count", `-3`), "body.count:greater_than"},
		"one beyond 64 bits":              {valid("count", `9223372036854775808`), "body.count:int_parsing_size"},
		"one beyond 64 bits, as float":    {valid("count", `9223372036854775808.0`), "body.count:int_parsing_size"},
		"far below 64 bits":               {valid("count", `-9223372036854775809`), "body.count:int_parsing_size"},
		"an exponent":                     {valid("count", `1e400`), "body.count:int_parsing_size"},
		"an exponent beyond all":          {valid("count", `1e99999999999999999999999`), "body.count:int_parsing_size"},
		"a number of 100000 digits":       {valid("count", strings.Repeat("9", 100000)), "body.count:int_parsing_size"},
		"a price that is true":            {valid("price", `true`), "body.price:decimal_type"},
		"a price that is an object":       {valid("price", `{}`), "body.price:decimal_type"},
		"a price with NUL":                {valid("price", `"1\u0000"`), "body.price:string_nul"},
		"a price with half a character":   {valid("price", `"\ud800"`), "body.price:string_unicode"},
		"a truth as number":               {`{"name":"a","count":3,"price":1,"fresh":1}`, "body.fresh:bool_type"},
		"a truth as text":                 {`{"name":"a","count":3,"price":1,"fresh":"true"}`, "body.fresh:bool_type"},
		"a note of the wrong type":        {`{"name":"a","count":3,"price":1,"note":{}}`, "body.note:string_type"},
		"the last of two values is wrong": {`{"name":"a","count":3,"price":1,"name":5}`, "body.name:string_type"},
	}
	if len(tests) < 60 {
		t.Errorf("only %d bad bodies", len(tests))
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(h, "POST", "/json", tt.body, "Content-Type: application/json", "X-User: lan")
			f, faults := failed(t, w, http.StatusUnprocessableEntity)
			if got := summary(faults); got != tt.want {
				t.Errorf("faults %q, want %q", got, tt.want)
			}
			if f.Code != "validation_failed" {
				t.Errorf("code %q, want validation_failed", f.Code)
			}
			for _, fault := range faults {
				if fault.Msg == "" || strings.ContainsAny(fault.Msg, "{}") {
					t.Errorf("message %q of %v: want a whole text", fault.Msg, fault.Loc)
				}
			}
		})
	}
}

// summary is every fault as "loc:type".
func summary(faults []fault) string {
	parts := make([]string, len(faults))
	for i, f := range faults {
		var loc []string
		for _, step := range f.Loc {
			loc = append(loc, fmt.Sprint(step))
		}
		parts[i] = strings.Join(loc, ".") + ":" + f.Type
	}
	return strings.Join(parts, " ")
}

func TestFormsAndQueries(t *testing.T) {
	h := wantingHandler(t)
	const urlencoded, whole = "application/x-www-form-urlencoded", `{"name":"Bút bi","note":null,"count":3,"price":"1.50","fresh":false}`
	multipart := func(fields ...string) string {
		var b strings.Builder
		for i := 0; i < len(fields); i += 2 {
			fmt.Fprintf(&b, "--x\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", fields[i], fields[i+1])
		}
		return b.String() + "--x--\r\n"
	}
	tests := map[string]struct {
		method, target, contentType, body string
		status                            int
		want                              string // The answer, or a summary of the faults.
	}{
		"a form":                      {"POST", "/form", urlencoded, "name=B%C3%BAt+bi&count=3&price=1.50&fresh=0", 200, whole},
		"a form in UTF-8":             {"POST", "/form", urlencoded + "; charset=utf-8", "name=B%C3%BAt+bi&count=3&price=1.50&fresh=FALSE", 200, whole},
		"a form of no declared type":  {"POST", "/form", "", "name=B%C3%BAt+bi&count=3&price=1.50&fresh=false", 200, whole},
		"the last of two values":      {"POST", "/form", urlencoded, "name=x&name=B%C3%BAt+bi&count=3&price=1.50&fresh=0", 200, whole},
		"a multipart form":            {"POST", "/form", "multipart/form-data; boundary=x", multipart("name", "Bút bi", "count", "3", "price", "1.50", "fresh", "0"), 200, whole},
		"a query":                     {"GET", "/query?name=B%C3%BAt+bi&count=3&price=1.50&fresh=0", "", "", 200, whole},
		"the query of a form":         {"POST", "/form?name=x", urlencoded, "count=3&price=1", 422, "body.name:missing"},
		"an empty form":               {"POST", "/form", urlencoded, "", 422, "body.name:missing body.count:missing body.price:missing"},
		"empty values":                {"POST", "/form", urlencoded, "name=&count=&price=&fresh=", 422, "body.name:string_too_short body.count:int_parsing body.fresh:bool_parsing"},
		"null is a text":              {"POST", "/form", urlencoded, "name=a&count=null&price=1", 422, "body.count:int_parsing"},
		"invalid UTF-8":               {"POST", "/form", urlencoded, "name=%ff&count=3&price=%c0%80", 422, "body.name:string_unicode body.price:string_unicode"},
		"NUL":                         {"POST", "/form", urlencoded, "name=a%00&count=3%00&price=1", 422, "body.name:string_nul body.count:int_parsing"},
		"a wrong escape":              {"POST", "/form", urlencoded, "name=%zz", 422, "body:form_invalid"},
		"a semicolon":                 {"POST", "/form", urlencoded, "name=a;count=3", 422, "body:form_invalid"},
		"numbers that are none":       {"POST", "/form", urlencoded, "name=a&count=3.0&price=1", 422, "body.count:int_parsing"},
		"a plus":                      {"POST", "/form", urlencoded, "name=a&count=%2B3&price=1", 422, "body.count:int_parsing"},
		"a space":                     {"POST", "/form", urlencoded, "name=a&count=3+&price=1", 422, "body.count:int_parsing"},
		"other digits":                {"POST", "/form", urlencoded, "name=a&count=%D9%A3&price=1", 422, "body.count:int_parsing"},
		"a number beyond 64 bits":     {"POST", "/form", urlencoded, "name=a&count=99999999999999999999&price=1", 422, "body.count:int_parsing_size"},
		"a number below the bound":    {"POST", "/form", urlencoded, "name=a&count=-1&price=1", 422, "body.count:greater_than"},
		"multipart without its end":   {"POST", "/form", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na", 422, "body:form_invalid"},
		"multipart without boundary":  {"POST", "/form", "multipart/form-data", multipart("name", "a"), 422, "body:form_invalid"},
		"multipart with invalid text": {"POST", "/form", "multipart/form-data; boundary=x", multipart("name", "a\xff", "count", "3", "price", "1"), 422, "body.name:string_unicode"},
		"a query with a wrong escape": {"GET", "/query?name=a&count=3&price=1&x=%zz", "", "", 422, "query:query_invalid"},
		"a query with every fault":    {"GET", "/query?name=&count=x&fresh=7", "", "", 422, "query.name:string_too_short query.count:int_parsing query.price:missing query.fresh:bool_parsing"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header := []string{"X-User: lan"}
			if tt.contentType != "" {
				header = append(header, "Content-Type: "+tt.contentType)
			}
			w := ask(h, tt.method, tt.target, tt.body, header...)
			if tt.status == 200 {
				if w.Code != 200 || w.Body.String() != tt.want {
					t.Errorf("%d %s, want %s", w.Code, w.Body, tt.want)
				}
				return
			}
			if _, faults := failed(t, w, tt.status); summary(faults) != tt.want {
				t.Errorf("faults %q, want %q", summary(faults), tt.want)
			}
		})
	}
}

func TestDeclaredContent(t *testing.T) {
	h := wantingHandler(t)
	tests := map[string]struct {
		target string
		header []string
		status int
	}{
		"JSON":                            {"/json", []string{"Content-Type: application/json"}, 200},
		"text":                            {"/json", []string{"Content-Type: text/plain"}, 415},
		"what curl -d declares":           {"/json", []string{"Content-Type: application/x-www-form-urlencoded"}, 415},
		"XML":                             {"/json", []string{"Content-Type: application/xml"}, 415},
		"JSON as text":                    {"/json", []string{"Content-Type: text/json"}, 415},
		"no type at all":                  {"/json", []string{"Content-Type: nonsense"}, 415},
		"an empty type":                   {"/json", []string{"Content-Type: "}, 415},
		"JSON in Latin-1":                 {"/json", []string{"Content-Type: application/json; charset=iso-8859-1"}, 415},
		"JSON with a broken parameter":    {"/json", []string{"Content-Type: application/json; charset"}, 415},
		"two types":                       {"/json", []string{"Content-Type: application/json", "Content-Type: text/plain"}, 415},
		"compressed":                      {"/json", []string{"Content-Type: application/json", "Content-Encoding: gzip"}, 415},
		"not compressed":                  {"/json", []string{"Content-Encoding: identity"}, 200},
		"JSON for a form":                 {"/form", []string{"Content-Type: application/json"}, 415},
		"an unknown multipart for a form": {"/form", []string{"Content-Type: multipart/mixed; boundary=x"}, 415},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(h, "POST", tt.target, `{"name":"a","count":3,"price":1}`, append(tt.header, "X-User: lan")...)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d; %s", w.Code, tt.status, w.Body)
			}
			if tt.status != 200 {
				failed(t, w, tt.status)
			}
		})
	}
}

func TestTheOrderOfRefusals(t *testing.T) {
	h := wantingHandler(t)
	huge := strings.Repeat("x", 1<<20+1)
	tests := map[string]struct {
		body   string
		header []string
		status int
		method string
	}{
		"a stranger with a huge body":        {body: huge, status: 413},
		"a stranger with another type":       {body: "{}", header: []string{"Content-Type: text/plain"}, status: 415},
		"a stranger with broken JSON":        {body: "{", status: 422},
		"a stranger with wrong fields":       {body: "{}", status: 401},
		"a stranger with everything right":   {body: valid("name", `"a"`), status: 401},
		"a user with wrong fields":           {body: "{}", header: []string{"X-User: lan"}, status: 422},
		"a stranger who takes no JSON":       {body: "{}", header: []string{"Accept: text/html"}, status: 406},
		"a huge body to a wrong path":        {body: huge, method: "/nothing", status: 413},
		"a body of exactly what is allowed":  {body: "{}" + strings.Repeat(" ", 1<<20-2), status: 401},
		"a huge body, not declared as such":  {body: huge, header: []string{"-chunked: yes"}, status: 413},
		"a huge form, not declared as such":  {body: huge, method: "/form", header: []string{"-chunked: yes"}, status: 413},
		"a huge multipart, not declared":     {body: "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + huge, method: "/form", header: []string{"-chunked: yes", "Content-Type: multipart/form-data; boundary=x"}, status: 413},
		"JSON that breaks beyond the limit":  {body: `{"name":"` + huge, header: []string{"-chunked: yes"}, status: 413},
		"a broken body of an unknown length": {body: `{`, header: []string{"-chunked: yes"}, status: 422},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			target := tt.method
			if target == "" {
				target = "/json"
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(tt.body))
			for _, line := range tt.header {
				name, value, _ := strings.Cut(line, ": ")
				if name == "-chunked" {
					r.ContentLength = -1
				} else {
					r.Header.Add(name, value)
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			failed(t, w, tt.status)
			if got := w.Header().Get("WWW-Authenticate"); (got == "Bearer") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate %q with status %d", got, tt.status)
			}
		})
	}
}

func TestABodyThatBreaksOffIsNoError(t *testing.T) {
	h := wantingHandler(t)
	for _, target := range []string{"/json", "/form"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`{"name":"a"}`))))
		r.ContentLength = -1
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		failed(t, w, http.StatusUnprocessableEntity)
	}
}
