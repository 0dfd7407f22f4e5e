package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"shop/kit/web"
)

func TestIfNoneMatch(t *testing.T) {
	h := serving(t, web.Config{}, things()...)
	tests := map[string]struct {
		header []string
		status int
	}{
		"none":                     {nil, 200},
		"the tag":                  {[]string{`"1"`}, 304},
		"the tag, weak":            {[]string{`W/"1"`}, 304},
		"another tag":              {[]string{`"2"`}, 200},
		"one of a list":            {[]string{`"2", W/"1" ,"3"`}, 304},
		"none of a list":           {[]string{`"2","3"`}, 200},
		"in a second line":         {[]string{`"2"`, `"1"`}, 304},
		"any":                      {[]string{`*`}, 304},
		"without quotes":           {[]string{`1`}, 200},
		"a comma within a tag":     {[]string{`"0,"1"`}, 200},
		"a tag that holds the tag": {[]string{`"x","1`}, 200},
		"a list within a tag":      {[]string{`"2,","1"`}, 304},
		"nothing":                  {[]string{``}, 200},
		"commas":                   {[]string{`,,,`}, 200},
		"an open quote":            {[]string{`"1`}, 200},
		"lower-case weak":          {[]string{`w/"1"`}, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD"} {
				var header []string
				for _, value := range tt.header {
					header = append(header, "If-None-Match: "+value)
				}
				w := ask(h, method, "/things/7", "", header...)
				if w.Code != tt.status || w.Header().Get("ETag") != `"1"` {
					t.Errorf("%s: status %d with ETag %q, want %d with the tag", method, w.Code, w.Header().Get("ETag"), tt.status)
				}
				if tt.status == 304 && (w.Body.Len() > 0 || w.Header().Get("Content-Type") != "") {
					t.Errorf("%s: 304 with the body %q of type %q", method, w.Body, w.Header().Get("Content-Type"))
				}
			}
		})
	}
	if w := ask(h, "POST", "/things", "", `If-None-Match: *`); w.Code != 201 {
		t.Errorf("POST with If-None-Match is %d, want 201", w.Code)
	}
}

func TestIfMatch(t *testing.T) {
	tests := map[string]struct {
		header []string
		etags  []string
		any    bool
	}{
		"none":              {nil, nil, false},
		"a tag":             {[]string{`"1"`}, []string{`"1"`}, false},
		"a list":            {[]string{`"1" , "2,3",W/"4"`, `"5"`}, []string{`"1"`, `"2,3"`, `W/"4"`, `"5"`}, false},
		"any":               {[]string{`*`}, nil, true},
		"any and a tag":     {[]string{`"1", *`}, []string{`"1"`}, true},
		"nonsense is kept":  {[]string{`1, W/, "2`}, []string{`1`, `W/`, `"2`}, false},
		"nothing in it":     {[]string{` , `}, []string{``}, false},
		"an empty tag":      {[]string{`""`}, []string{`""`}, false},
		"text behind a tag": {[]string{`"1"x,"2"`}, []string{`"1"`, `x`, `"2"`}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/", http.NoBody)
			r.Header["If-Match"] = tt.header
			etags, any := web.IfMatch(r)
			if !slices.Equal(etags, tt.etags) || any != tt.any {
				t.Errorf("%q, any %t; want %q, any %t", etags, any, tt.etags, tt.any)
			}
		})
	}
}
