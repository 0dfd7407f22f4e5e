package product_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var instant = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

func TestLifeOfAProduct(t *testing.T) {
	w := start(t, nil)
	const body = `{"name":"Điện thoại","description":"Dòng 1\nDòng 2","price":"24000000","quantity":10,"colour":"red"}`
	created := w.as(http.MethodPost, "/products", body).wants(http.StatusCreated,
		`{"id":1,"name":"Điện thoại","description":"Dòng 1\nDòng 2","price":24000000.00,"quantity":10,"created_at":"`)
	p := created.item()
	if p.CreatedAt != p.UpdatedAt || !instant.MatchString(p.CreatedAt) {
		t.Errorf("times %s, %s", p.CreatedAt, p.UpdatedAt)
	}
	if got := created.header.Get("Location"); got != "/products/1" {
		t.Errorf("location %q", got)
	}
	read := w.get("/products/1").wants(http.StatusOK)
	if read.body != created.body || read.etag() != created.etag() || read.etag() == "" {
		t.Errorf("read %s %s, created %s %s", read.body, read.etag(), created.body, created.etag())
	}
	for _, path := range []string{"/products/1/", "/products/1?x=y", "/products/01"} {
		if status, body := w.unchecked(http.MethodGet, w.url+path, ""); status != http.StatusOK || body != read.body {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
	head := w.do(http.MethodHead, "/products/1", "").wants(http.StatusOK)
	if head.body != "" || head.etag() != read.etag() || head.header.Get("Content-Length") != fmt.Sprint(len(read.body)) {
		t.Errorf("HEAD: %v %q", head.header, head.body)
	}

	changed := w.as(http.MethodPut, "/products/1", `{"price":19.995,"name":null}`).wants(http.StatusOK, `"price":20.00`)
	if c := changed.item(); c.Name != p.Name || *c.Description != *p.Description || c.Quantity != p.Quantity || c.UpdatedAt <= p.UpdatedAt || changed.etag() == read.etag() {
		t.Errorf("changed: %+v %s", c, changed.etag())
	}
	same := w.as(http.MethodPut, "/products/1", `{"price":"20.0","description":null}`).wants(http.StatusOK)
	nothing := w.as(http.MethodPut, "/products/1", `{}`).wants(http.StatusOK)
	if same.body != changed.body || nothing.body != changed.body || same.etag() != changed.etag() || nothing.etag() != changed.etag() {
		t.Errorf("changed nothing: %s %s, %s", same.body, same.etag(), nothing.body)
	}
	empty := w.as(http.MethodPut, "/products/1", `{"description":"","quantity":0}`).wants(http.StatusOK, `"description":""`, `"quantity":0`)
	if got := w.get("/products/1"); got.body != empty.body {
		t.Errorf("read %s after %s", got.body, empty.body)
	}

	if gone := w.as(http.MethodDelete, "/products/1", "").wants(http.StatusNoContent); gone.body != "" {
		t.Errorf("deleted with %q", gone.body)
	}
	for _, a := range []answer{
		w.get("/products/1"), w.as(http.MethodPut, "/products/1", `{"quantity":1}`), w.as(http.MethodDelete, "/products/1", ""),
	} {
		a.wants(http.StatusNotFound, `"detail":"Không tìm thấy sản phẩm có ID: 1"`, `"code":"product_not_found"`)
	}
	w.get("/products/1", "Accept-Language", "en").wants(http.StatusNotFound, `"detail":"No product with ID: 1"`)
	if next := w.create("Laptop", "1", 1); next.ID != 2 {
		t.Errorf("the next id is %d", next.ID)
	}
}

func TestMoneyIsExact(t *testing.T) {
	w := start(t, nil)
	for sent, want := range map[string]string{
		`19.99`: "19.99", `"19.99"`: "19.99", `0.1`: "0.10", `0.005`: "0.01", `1e2`: "100.00", `99999999.99`: "99999999.99",
		`99999999.994`: "99999999.99", `1.005`: "1.01", `2.675`: "2.68", `70368744.17`: "70368744.17", `"1E-2"`: "0.01",
		`0.30000000000000004`: "0.30",
	} {
		body := `{"name":"x","price":` + sent + `,"quantity":1}`
		w.as(http.MethodPost, "/products", body).wants(http.StatusCreated, `"price":`+want+`,`)
	}
}

func TestBadInput(t *testing.T) {
	w := start(t, nil)
	p := w.create("Laptop", "1", 1)
	const ok = `"name":"x","price":1,"quantity":1`
	for name, tt := range map[string]struct {
		method, path, body string
		want               string
	}{
		"every fault at once": {"POST", "/products", `{"description":5,"price":0,"quantity":-1}`,
			`{"detail":[{"loc":["body","name"],"msg":"Trường này là bắt buộc","type":"missing"},` +
				`{"loc":["body","description"],"msg":"Giá trị phải là chuỗi ký tự","type":"string_type"},` +
				`{"loc":["body","price"],"msg":"Giá trị phải lớn hơn 0","type":"greater_than"},` +
				`{"loc":["body","quantity"],"msg":"Giá trị phải lớn hơn hoặc bằng 0","type":"greater_than_equal"}],"code":"validation_failed","trace_id":"`},
		"blank name":              {"POST", "/products", `{"name":" \t ","price":1,"quantity":1}`, `"type":"control_character"`},
		"spaces for a name":       {"POST", "/products", `{"name":"  ","price":1,"quantity":1}`, `"type":"blank"`},
		"long name":               {"POST", "/products", `{"name":"` + strings.Repeat("ế", 256) + `","price":1,"quantity":1}`, `tối đa 255 ký tự`},
		"long description":        {"POST", "/products", `{` + ok + `,"description":"` + strings.Repeat("a", 1001) + `"}`, `"type":"string_too_long"`},
		"NUL":                     {"POST", "/products", `{"name":"a\u0000b","price":1,"quantity":1}`, `"type":"string_nul"`},
		"lone surrogate":          {"POST", "/products", `{"name":"\ud800","price":1,"quantity":1}`, `"type":"string_unicode"`},
		"invalid UTF-8":           {"POST", "/products", "{\"name\":\"\xff\",\"price\":1,\"quantity\":1}", `"type":"json_invalid"`},
		"price too high":          {"POST", "/products", `{"name":"x","price":99999999.995,"quantity":1}`, `nhỏ hơn hoặc bằng 99999999.99`},
		"price beyond everything": {"POST", "/products", `{"name":"x","price":1e999999999,"quantity":1}`, `"type":"less_than_equal"`},
		"price rounds to nothing": {"POST", "/products", `{"name":"x","price":0.004,"quantity":1}`, `"type":"greater_than"`},
		"price is no number":      {"POST", "/products", `{"name":"x","price":"mười","quantity":1}`, `"type":"decimal_parsing"`},
		"price is true":           {"POST", "/products", `{"name":"x","price":true,"quantity":1}`, `"type":"decimal_type"`},
		"quantity too large":      {"POST", "/products", `{"name":"x","price":1,"quantity":2147483648}`, `"type":"less_than_equal"`},
		"quantity overflows":      {"POST", "/products", `{"name":"x","price":1,"quantity":99999999999999999999}`, `"type":"int_parsing_size"`},
		"quantity is text":        {"POST", "/products", `{"name":"x","price":1,"quantity":"1"}`, `"type":"int_type"`},
		"half a piece":            {"PUT", w.path(p.ID), `{"quantity":1.5}`, `"type":"int_from_float"`},
		"null where needed":       {"POST", "/products", `{"name":null,"price":null,"quantity":null}`, `"loc":["body","name"]`},
		"no JSON":                 {"POST", "/products", `{"name":`, `"type":"json_invalid"`},
		"no object":               {"POST", "/products", `[1]`, `"type":"dict_type"`},
		"nothing":                 {"POST", "/products", ``, `"type":"missing"`},
		"a well of brackets":      {"POST", "/products", strings.Repeat("[", 100_000), `"type":"json_invalid"`},
		"id is no number":         {"GET", "/products/abc", "", `"loc":["path","id"]`},
		"id overflows":            {"GET", "/products/99999999999999999999", "", `"type":"int_parsing_size"`},
		"id is negative":          {"DELETE", "/products/-1", "", `"type":"greater_than_equal"`},
		"id with NUL":             {"GET", "/products/1%00", "", `"loc":["path","id"]`},
		"limit 0":                 {"GET", "/products?limit=0", "", `"loc":["query","limit"]`},
		"limit 101":               {"GET", "/products?limit=101", "", `nhỏ hơn hoặc bằng 100`},
		"skip -1":                 {"GET", "/products?skip=-1", "", `"loc":["query","skip"]`},
		"skip absurd":             {"GET", "/products?skip=1e99", "", `"loc":["query","skip"]`},
		"unknown sort":            {"GET", "/products?sort=quantity", "", `-created_at`},
		"sort by injection":       {"GET", "/products?sort=id;DROP+TABLE+products", "", `"code":"validation_failed"`},
		"query too long":          {"GET", "/products?q=" + strings.Repeat("a", 256), "", `"loc":["query","q"]`},
		"query not UTF-8":         {"GET", "/products?q=%ff", "", `"type":"string_unicode"`},
		"cursor made up":          {"GET", "/products?after=xyz", "", `"type":"cursor_invalid"`},
		"all of a query":          {"GET", "/products?min_price=a&max_price=-1&in_stock=2", "", `"loc":["query","in_stock"]`},
	} {
		t.Run(name, func(t *testing.T) {
			w.as(tt.method, tt.path, tt.body).wants(http.StatusUnprocessableEntity, tt.want)
		})
	}
	for name, tt := range map[string]struct {
		a      answer
		status int
	}{
		"body too large":   {w.as("POST", "/products", `{"name":"`+strings.Repeat("a", 1<<20)+`"}`), 413},
		"a form":           {w.as("POST", "/products", "name=x", "Content-Type", "application/x-www-form-urlencoded"), 415},
		"another charset":  {w.as("POST", "/products", `{}`, "Content-Type", "application/json; charset=latin1"), 415},
		"XML wanted":       {w.get("/products", "Accept", "application/xml"), 406},
		"unknown route":    {w.get("/product"), 404},
		"wrong method":     {w.as("PATCH", w.path(p.ID), `{}`), 405},
		"wrong method too": {w.as("DELETE", "/products", ""), 405},
	} {
		if tt.a.status != tt.status {
			t.Errorf("%s: got %d %s, want %d", name, tt.a.status, tt.a.body, tt.status)
		}
	}
	if got := w.get(w.path(p.ID)).item(); got != p {
		t.Errorf("the product changed: %+v", got)
	}
}

func TestProblemDetails(t *testing.T) {
	w := start(t, nil)
	a := w.get("/products/7", "Accept", "application/problem+json", "Accept-Language", "en-GB").wants(http.StatusNotFound,
		`"type":"about:blank"`, `"title":"Not Found"`, `"status":404`, `"detail":"No product with ID: 7"`, `"code":"product_not_found"`)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	w.as(http.MethodPost, "/products", `{}`, "Accept", "application/problem+json").wants(http.StatusUnprocessableEntity, `"errors":[{"loc":["body","name"]`)
}
