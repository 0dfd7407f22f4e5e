// Package http is the service's REST API: the route table and, for each route,
// how its request is read and its response written.
package http

import (
	"net/http"

	"shop/kit/web"
	"shop/order/endpoints"
)

// Routes returns the routes to e.
func Routes(e endpoints.Set) []web.Route {
	return []web.Route{
		web.Handle("POST /orders", http.StatusCreated, explained(e.Place), decodePlace, encodePlaced),
		web.Handle("GET /orders", http.StatusOK, e.List, decodeList, encodePage),
		web.Handle("GET /orders/{id}", http.StatusOK, e.Get, decodeID, encodeOrder),
		web.Handle("PUT /orders/{id}", http.StatusOK, e.ChangeStatus, decodeChangeStatus, encodeOrder),
		web.Handle("DELETE /orders/{id}", http.StatusNoContent, e.Delete, decodeID, web.Empty),

		web.Handle("POST /internal/reservations/{id}/settle", http.StatusOK, e.Settle, decodeSettle, encodeDecision).Internal("product"),
	}
}
