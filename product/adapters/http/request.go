package http

import (
	"net/http"

	"shop/kit/web"

	"shop/product/domain"
	"shop/product/ports"
)

func decodeCreate(r *http.Request) (d domain.Draft, err error) {
	f, err := web.Object(r)
	if err != nil {
		return d, err
	}
	d.Name = web.Required(f, "name", web.String, domain.NewName)
	d.Description = web.Default(f, "description", web.String, domain.NewDescription, domain.Description{})
	d.Price = web.Required(f, "price", web.Decimal, domain.NewPrice)
	d.Quantity = web.Required(f, "quantity", web.Int, domain.NewQuantity)
	return d, f.Err()
}

func decodeGet(r *http.Request) (domain.ID, error) {
	f := web.Path(r)
	id := pathID(f)
	return id, f.Err()
}

func decodeUpdate(r *http.Request) (u ports.Update, err error) {
	f, err := web.Object(r)
	if err != nil {
		return u, err
	}
	u.Change.Name = web.Optional(f, "name", web.String, domain.NewName)
	u.Change.Description = web.Optional(f, "description", web.String, domain.NewDescription)
	u.Change.Price = web.Optional(f, "price", web.Decimal, domain.NewPrice)
	u.Change.Quantity = web.Optional(f, "quantity", web.Int, domain.NewQuantity)
	path := web.Path(r)
	u.ID = pathID(path)
	u.Match = match(r, u.ID)
	return u, web.Join(path, f)
}

func decodeDelete(r *http.Request) (d ports.Delete, err error) {
	f := web.Path(r)
	d.ID = pathID(f)
	d.Match = match(r, d.ID)
	return d, f.Err()
}

func pathID(path *web.Fields) domain.ID { return web.Required(path, "id", web.Int, domain.NewID) }

func decodeList(r *http.Request) (l ports.List, err error) {
	f := web.Query(r)
	l.Skip, l.Limit = web.Paging(f)
	l.Words = web.Default(f, "q", web.String, domain.NewWords, nil)
	l.MinPrice = web.Optional(f, "min_price", web.Decimal, domain.NewPriceBound)
	l.MaxPrice = web.Optional(f, "max_price", web.Decimal, domain.NewPriceBound)
	l.InStock = web.Optional(f, "in_stock", web.Bool, web.Is)
	l.Sort = web.Default(f, "sort", web.String, domain.NewSort, domain.Sort{})
	l.After = web.Optional(f, "after", web.String, func(text string) (domain.Cursor, error) {
		return parseCursor(text, l.Sort)
	})
	return l, f.Err()
}

func decodeReserve(r *http.Request) (c domain.Claim, err error) {
	f, err := web.Object(r)
	if err != nil {
		return c, err
	}
	c.ID = web.Required(f, "reservation_id", web.String, domain.NewReservationID)
	c.Product = web.Required(f, "product_id", web.Int, domain.NewID)
	c.Quantity = web.Required(f, "quantity", web.Int, domain.NewPieces)
	return c, f.Err()
}
