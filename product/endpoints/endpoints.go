// Package endpoints makes go-kit endpoints of the use cases: one line each, with
// the middleware they stand behind.
package endpoints

import (
	"shop/kit/endpoint"

	"shop/product/ports"
)

// Set is every endpoint of the service.
type Set struct {
	Create, Get, List, Update, Delete endpoint.Endpoint
	Reserve                           endpoint.Endpoint
}

// New returns the endpoints of the catalogue and the stock. Reading stands
// behind open, writing behind authenticated; other services' calls are
// authenticated by their transport.
func New(c ports.Catalogue, s ports.Stock, open, authenticated endpoint.Stack) Set {
	return Set{
		Create:  endpoint.New(c.Create, authenticated.Of("product.create")...),
		Get:     endpoint.New(c.Get, open.Of("product.get")...),
		List:    endpoint.New(c.List, open.Of("product.list")...),
		Update:  endpoint.New(c.Update, authenticated.Of("product.update")...),
		Delete:  endpoint.Action(c.Delete, authenticated.Of("product.delete")...),
		Reserve: endpoint.New(s.Reserve, open.Of("stock.reserve")...),
	}
}
