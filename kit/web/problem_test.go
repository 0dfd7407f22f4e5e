package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/kit/web"
)

var texts = web.Texts{
	"thing_not_found": {VI: "Không tìm thấy vật có ID: {id}", EN: "No thing with ID: {id}"},
	"few_things":      {VI: "Còn lại: {left}, Yêu cầu: {wanted}", EN: "Left: {left}, wanted: {wanted}"},
	"unauthenticated": {VI: "Token không hợp lệ", EN: "Invalid token"},
}

type size int

func (s size) String() string { return fmt.Sprintf("%d cm", int(s)) }

func TestErrors(t *testing.T) {
	notFound := errs.New(errs.NotFound, "thing_not_found")
	tests := map[string]struct {
		err    error
		status int
		vi, en string
		header map[string]string
	}{
		"internal":                          {errors.New("x"), 500, "Lỗi hệ thống. Vui lòng thử lại sau.", "Internal error. Please try again later.", nil},
		"refused":                           {errs.New(errs.Refused, "few_things").With("left", 3).With("wanted", int64(5)), 400, "Còn lại: 3, Yêu cầu: 5", "Left: 3, wanted: 5", nil},
		"unauthenticated":                   {errs.New(errs.Unauthenticated, "unauthenticated"), 401, "Token không hợp lệ", "Invalid token", map[string]string{"WWW-Authenticate": "Bearer"}},
		"forbidden":                         {errs.New(errs.Forbidden, "no_text_for_it"), 403, "Bạn không có quyền thực hiện thao tác này", "You are not allowed to do this", nil},
		"not found":                         {fmt.Errorf("get: %w", notFound.With("id", "7")), 404, "Không tìm thấy vật có ID: 7", "No thing with ID: 7", nil},
		"a placeholder without a parameter": {notFound, 404, "Không tìm thấy vật có ID: {id}", "No thing with ID: {id}", nil},
		"a parameter that is a Stringer":    {notFound.With("id", size(3)), 404, "Không tìm thấy vật có ID: 3 cm", "No thing with ID: 3 cm", nil},
		"a parameter that is a placeholder": {notFound.With("id", "{id}<b>"), 404, "Không tìm thấy vật có ID: {id}<b>", "No thing with ID: {id}<b>", nil},
		"conflict":                          {errs.New(errs.Conflict, "x"), 409, "Yêu cầu xung đột với trạng thái hiện tại", "The request conflicts with the current state", nil},
		"stale":                             {errs.New(errs.Stale, "x"), 412, "Dữ liệu đã thay đổi, vui lòng tải lại", "The data has changed meanwhile, please reload it", nil},
		"limited":                           {errs.New(errs.Limited, "x").After(61 * time.Second), 429, "Quá nhiều yêu cầu. Vui lòng thử lại sau.", "Too many requests. Please try again later.", map[string]string{"Retry-After": "61"}},
		"limited for a moment":              {errs.New(errs.Limited, "x").After(time.Millisecond), 429, "Quá nhiều yêu cầu. Vui lòng thử lại sau.", "Too many requests. Please try again later.", map[string]string{"Retry-After": "1"}},
		"unavailable":                       {errs.ErrUnavailable, 503, "Dịch vụ tạm thời không khả dụng. Vui lòng thử lại sau.", "The service is temporarily unavailable. Please try again later.", map[string]string{"Retry-After": "1"}},
		"overloaded":                        {errs.ErrOverloaded.After(2500 * time.Millisecond), 503, "Hệ thống đang quá tải. Vui lòng thử lại sau.", "The service is overloaded. Please try again later.", map[string]string{"Retry-After": "3"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := serving(t, web.Config{Texts: texts}, failing(tt.err))
			for accept, want := range map[string]string{"": tt.vi, "en": tt.en} {
				w := ask(h, "GET", "/fail", "", "Accept-Language: "+accept)
				f, _ := failed(t, w, tt.status)
				if f.Detail != want || f.Code != errs.Of(tt.err).Code || f.Params != nil {
					t.Errorf("%s; want the detail %q, the code and nothing else", w.Body, want)
				}
				for name, want := range tt.header {
					if got := w.Header().Get(name); got != want {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
				}
			}
			p := ask(h, "GET", "/fail", "", "Accept: application/problem+json")
			f, _ := failed(t, p, tt.status)
			if p.Header().Get("Content-Type") != "application/problem+json" || f.Type != "about:blank" || f.Status != tt.status ||
				f.Title != http.StatusText(tt.status) || f.Detail != tt.vi || f.Errors != nil {
				t.Errorf("problem %s; want RFC 9457 with the detail %q", p.Body, tt.vi)
			}
		})
	}
}

func TestTheBodyOfAnErrorByteForByte(t *testing.T) {
	h := serving(t, web.Config{Texts: texts}, failing(errs.New(errs.NotFound, "thing_not_found").With("id", 7)))
	w := ask(h, "GET", "/fail", "")
	want := `{"detail":"Không tìm thấy vật có ID: 7","code":"thing_not_found","trace_id":"` + w.Header().Get("X-Trace-Id") + `"}`
	if got := w.Body.String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Content-Language": "vi", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestFaultsInBothFormsAndLanguages(t *testing.T) {
	invalid := *errs.ErrInvalid
	invalid.Faults = []errs.Fault{
		errs.GreaterThan(0).At("body", "price"),
		errs.TooLong(20).At("body", "tags", 3),
		errs.Violates("nobody_wrote_a_text").At("query", "q"),
	}
	const vi = `[{"loc":["body","price"],"msg":"Giá trị phải lớn hơn 0","type":"greater_than"},` +
		`{"loc":["body","tags",3],"msg":"Chuỗi ký tự chỉ được có tối đa 20 ký tự","type":"string_too_long"},` +
		`{"loc":["query","q"],"msg":"Giá trị không hợp lệ","type":"nobody_wrote_a_text"}]`
	h := serving(t, web.Config{}, failing(&invalid), web.Handle("GET /whole", 200, answering("", errs.New(errs.Invalid, "thing_reused")),
		nothing, func(string) web.Reply { return web.JSON(1) }))

	w := ask(h, "GET", "/fail", "")
	want := `{"detail":` + vi + `,"code":"validation_failed","trace_id":"` + w.Header().Get("X-Trace-Id") + `"}`
	if w.Code != 422 || w.Body.String() != want {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
	w = ask(h, "GET", "/fail", "", "Accept-Language: en-GB")
	if !strings.Contains(w.Body.String(), `"msg":"Input should be greater than 0"`) || w.Header().Get("Content-Language") != "en" {
		t.Errorf("%s, want English", w.Body)
	}
	w = ask(h, "GET", "/fail", "", "Accept: application/problem+json")
	want = `{"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"Dữ liệu không hợp lệ","code":"validation_failed",` +
		`"trace_id":"` + w.Header().Get("X-Trace-Id") + `","errors":` + vi + `}`
	if w.Body.String() != want {
		t.Errorf("%s, want %s", w.Body, want)
	}
	w = ask(h, "GET", "/whole", "")
	if !strings.HasPrefix(w.Body.String(), `{"detail":[{"loc":["body"],"msg":"Dữ liệu không hợp lệ","type":"thing_reused"}]`) {
		t.Errorf("%s, want a list also for an error about the whole request", w.Body)
	}
}

func TestAccept(t *testing.T) {
	h := serving(t, web.Config{}, things()...)
	tests := map[string]struct {
		accept  []string
		status  int  // Of a thing that exists.
		problem bool // The form of an error, where the request gets that far.
	}{
		"none":                           {nil, 200, false},
		"anything":                       {[]string{"*/*"}, 200, false},
		"JSON":                           {[]string{"application/json"}, 200, false},
		"JSON in capitals":               {[]string{"Application/JSON;Q=0.5"}, 200, false},
		"any application":                {[]string{"application/*"}, 200, false},
		"what a browser sends":           {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, 200, false},
		"problems":                       {[]string{"application/problem+json"}, 200, true},
		"problems and JSON":              {[]string{"application/json, application/problem+json"}, 200, true},
		"in two lines":                   {[]string{"application/json", "application/problem+json"}, 200, true},
		"rather JSON than problems":      {[]string{"application/json, application/problem+json;q=0.5"}, 200, false},
		"rather problems":                {[]string{"application/json;q=0.4, application/problem+json;q=0.5"}, 200, true},
		"no problems":                    {[]string{"application/problem+json;q=0, */*"}, 200, false},
		"text":                           {[]string{"text/plain"}, 406, false},
		"HTML and pictures":              {[]string{"text/html, image/*;q=0.9"}, 406, false},
		"anything but JSON":              {[]string{"application/json;q=0, */*"}, 406, false},
		"anything but applications":      {[]string{"*/*, application/*;q=0.0"}, 406, false},
		"JSON although not applications": {[]string{"application/*;q=0, application/json"}, 200, false},
		"nothing at all":                 {[]string{"*/*;q=0"}, 406, false},
		"nonsense":                       {[]string{"nonsense"}, 200, false},
		"an empty header":                {[]string{""}, 200, false},
		"a quality that is none":         {[]string{"text/html;q=high"}, 200, false},
		"a quality beyond all":           {[]string{"text/html;q=7, application/json;q=NaN"}, 200, false},
		"parameters":                     {[]string{"application/json;charset=utf-8;q=0.7"}, 200, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var header []string
			for _, value := range tt.accept {
				header = append(header, "Accept: "+value)
			}
			w := ask(h, "GET", "/things/7", "", header...)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if tt.status == 406 {
				failed(t, w, 406)
				return
			}
			w = ask(h, "GET", "/things/abc", "", header...)
			if got := w.Header().Get("Content-Type") == "application/problem+json"; got != tt.problem {
				t.Errorf("error as %q, want a problem: %t", w.Header().Get("Content-Type"), tt.problem)
			}
		})
	}
	if w := ask(h, "GET", "/health", "", "Accept: text/html"); w.Code != 200 {
		t.Errorf("/health is %d for a browser", w.Code)
	}
}

func TestAcceptLanguage(t *testing.T) {
	h := serving(t, web.Config{}, failing(errs.ErrInternal))
	tests := map[string]struct{ header, want string }{
		"none":                     {"", "vi"},
		"English":                  {"en", "en"},
		"British English":          {"en-GB", "en"},
		"American first":           {"en-US,en;q=0.9,vi;q=0.8", "en"},
		"Vietnamese":               {"vi-VN", "vi"},
		"Vietnamese first":         {"vi-VN,vi;q=0.9,en;q=0.8", "vi"},
		"English liked better":     {"vi;q=0.5, en;q=0.9", "en"},
		"Vietnamese liked better":  {"en;q=0.5, vi;q=0.9", "vi"},
		"no English":               {"en;q=0", "vi"},
		"neither":                  {"fr, de;q=0.5", "vi"},
		"English as second choice": {"fr, en;q=0.5", "en"},
		"anything":                 {"*", "vi"},
		"capitals":                 {"EN-us", "en"},
		"nonsense":                 {";;;q=,,", "vi"},
		"a broken quality":         {"en;q=x", "vi"},
		"a tag that is none":       {"this-is-no-language-tag-at-all", "vi"},
		"endless":                  {strings.Repeat("en-a-", 5000), "vi"},
		"a long list":              {strings.Repeat("fr, ", 500) + "en", "vi"},
		"invalid UTF-8":            {"\xff\xfe", "vi"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(h, "GET", "/fail", "", "Accept-Language: "+tt.header)
			failed(t, w, 500)
			if got := w.Header().Get("Content-Language"); got != tt.want {
				t.Errorf("%q is answered in %q, want %q", tt.header, got, tt.want)
			}
			if !strings.Contains(strings.Join(w.Header()["Vary"], ","), "Accept-Language") {
				t.Errorf("Vary %q", w.Header()["Vary"])
			}
		})
	}
}
