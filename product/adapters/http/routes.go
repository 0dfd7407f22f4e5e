// Package http is the service's REST API: the route table and, for each route,
// how its request is read and its response written.
package http

import (
	"net/http"

	"shop/kit/web"

	"shop/product/endpoints"
)

// Routes returns the routes to e.
func Routes(e endpoints.Set) []web.Route {
	return []web.Route{
		web.Handle("POST /products", http.StatusCreated, e.Create, decodeCreate, encodeCreated),
		web.Handle("GET /products", http.StatusOK, e.List, decodeList, encodePage),
		web.Handle("GET /products/{id}", http.StatusOK, e.Get, decodeGet, encodeProduct),
		web.Handle("PUT /products/{id}", http.StatusOK, priced(e.Update), decodeUpdate, encodeProduct),
		web.Handle("DELETE /products/{id}", http.StatusNoContent, e.Delete, decodeDelete, web.Empty),

		web.Handle("POST /internal/reservations", http.StatusCreated, e.Reserve, decodeReserve, encodeReservation).Internal("order"),
	}
}
