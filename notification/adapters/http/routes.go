// Package http is the service's REST API: the route table and, for each route,
// how its request is read and its response written.
package http

import (
	"net/http"

	"shop/kit/web"
	"shop/notification/endpoints"
)

// Routes returns the routes to e.
func Routes(e endpoints.Set) []web.Route {
	return []web.Route{
		web.Handle("GET /notifications", http.StatusOK, e.List, decodeList, encodeList),
	}
}
