package web_test

import (
	"context"
	"net/http"
	"testing"

	"shop/kit/endpoint"
	"shop/kit/errs"
	"shop/kit/web"
)

func TestInternalRoutes(t *testing.T) {
	const order = "URI=spiffe://shop.local/ns/default/sa/order"
	route := web.Handle("POST /internal/things", http.StatusOK, answering("", nil), nothing, func(string) web.Reply { return web.JSON(true) }).
		Internal("order", "product")
	closed := web.Handle("POST /internal/closed", http.StatusOK, answering("", nil), nothing, func(string) web.Reply { return web.JSON(true) }).Internal()
	byToken, noToken := web.Config{InternalAuth: "token", InternalToken: "s3cret"}, web.Config{InternalAuth: "token"}
	mesh := web.Config{InternalAuth: "mesh", InternalToken: "s3cret"}
	tests := map[string]struct {
		cfg    web.Config
		header []string
		status int
	}{
		"the token":                       {byToken, []string{"X-Internal-Token: s3cret"}, 200},
		"by default":                      {web.Config{InternalToken: "s3cret"}, []string{"X-Internal-Token: s3cret"}, 200},
		"no token sent":                   {byToken, nil, 403},
		"another token":                   {byToken, []string{"X-Internal-Token: s3cret2"}, 403},
		"part of the token":               {byToken, []string{"X-Internal-Token: s3cre"}, 403},
		"an identity instead of a token":  {byToken, []string{"X-Forwarded-Client-Cert: " + order}, 403},
		"a bearer token":                  {byToken, []string{"Authorization: Bearer s3cret"}, 403},
		"no token set":                    {noToken, nil, 404},
		"no token set, an empty one sent": {noToken, []string{"X-Internal-Token: "}, 404},
		"no token set, one sent":          {noToken, []string{"X-Internal-Token: s3cret"}, 404},

		"the identity":                    {mesh, []string{"X-Forwarded-Client-Cert: " + order}, 200},
		"the identity and more of it":     {mesh, []string{"X-Forwarded-Client-Cert: By=spiffe://shop.local/ns/default/sa/product;Hash=ab12;" + order}, 200},
		"the other caller":                {mesh, []string{"X-Forwarded-Client-Cert: uri=spiffe://shop.local/ns/default/sa/product"}, 200},
		"a service that is no caller":     {mesh, []string{"X-Forwarded-Client-Cert: URI=spiffe://shop.local/ns/default/sa/user"}, 403},
		"another trust domain":            {mesh, []string{"X-Forwarded-Client-Cert: URI=spiffe://evil.local/ns/default/sa/order"}, 403},
		"a longer name":                   {mesh, []string{"X-Forwarded-Client-Cert: " + order + "2"}, 403},
		"no identity":                     {mesh, nil, 403},
		"the token in a mesh":             {mesh, []string{"X-Internal-Token: s3cret"}, 403},
		"who it was sent to":              {mesh, []string{"X-Forwarded-Client-Cert: By=spiffe://shop.local/ns/default/sa/order"}, 403},
		"an element of someone else":      {mesh, []string{"X-Forwarded-Client-Cert: " + order + ",URI=spiffe://shop.local/ns/default/sa/user"}, 403},
		"a header of someone else":        {mesh, []string{"X-Forwarded-Client-Cert: " + order, "X-Forwarded-Client-Cert: " + order}, 403},
		"two identities":                  {mesh, []string{"X-Forwarded-Client-Cert: " + order + ";" + order}, 403},
		"a quoted subject with the value": {mesh, []string{`X-Forwarded-Client-Cert: Subject="x;` + order + `"`}, 403},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := serving(t, tt.cfg, route, closed)
			w := ask(h, "POST", "/internal/things", "", tt.header...)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d; %s", w.Code, tt.status, w.Body)
			}
			if tt.status != 200 {
				failed(t, w, tt.status)
			}
			if w := ask(h, "POST", "/internal/closed", "", tt.header...); tt.cfg.InternalAuth == "mesh" && w.Code != 403 {
				t.Errorf("a route without callers is %d in a mesh, want 403", w.Code)
			}
			if w := ask(h, "GET", "/internal/things", "", tt.header...); w.Code != 404 || w.Header().Get("Allow") != "" {
				t.Errorf("the wrong method is %d with Allow %q, want 404", w.Code, w.Header().Get("Allow"))
			}
		})
	}
}

func TestInternalErrorsCarryTheirParameters(t *testing.T) {
	invalid := *errs.ErrInvalid
	invalid.Faults = []errs.Fault{errs.GreaterThan(0).At("body", "quantity")}
	var err error
	e := endpoint.New(func(context.Context, endpoint.None) (string, error) { return "", err })
	h := serving(t, web.Config{InternalToken: "s3cret"},
		web.Handle("GET /internal/fail", 200, e, nothing, func(string) web.Reply { return web.JSON(1) }).Internal())

	err = errs.New(errs.Conflict, "few_things").With("left", 3).With("who", "lan")
	for _, accept := range []string{"*/*", "application/problem+json"} {
		f, _ := failed(t, ask(h, "GET", "/internal/fail", "", "X-Internal-Token: s3cret", "Accept: "+accept), 409)
		if f.Params["left"] != 3.0 || f.Params["who"] != "lan" {
			t.Errorf("params %v", f.Params)
		}
	}
	err = &invalid
	_, faults := failed(t, ask(h, "GET", "/internal/fail", "", "X-Internal-Token: s3cret"), 422)
	if len(faults) != 1 || faults[0].Params["gt"] != 0.0 {
		t.Errorf("faults %+v, want their parameters", faults)
	}
	err = errs.New(errs.Conflict, "few_things").With("left", make(chan int))
	failed(t, ask(h, "GET", "/internal/fail", "", "X-Internal-Token: s3cret"), 500)
}
