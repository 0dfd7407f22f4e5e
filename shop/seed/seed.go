// Package seed fills a running shop with demo users and products through its
// public doors, as any client would. It can be repeated: what is there stays.
package seed

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"shop/shop/rest"
)

// Password of every demo user. They exist only where someone asked for a seed.
const Password = "shop-demo-2026"

// Users are the demo users; the first one owns the products.
var Users = []string{"an.nguyen", "binh.tran", "chi.le"}

// Result counts what a run has made.
type Result struct {
	Users, Products int // New ones.
	Kept            int // Users and products that were there already.
}

// Steps is how many times Run calls its progress function.
func Steps() int { return len(Users) + len(catalogue) }

// Run seeds shop and calls progress after each user and product.
func Run(ctx context.Context, shop rest.Shop, progress func()) (Result, error) {
	var r Result
	for _, name := range Users {
		created, err := register(ctx, shop, name)
		if err != nil {
			return r, err
		}
		count(created, &r.Users, &r.Kept)
		progress()
	}
	session, err := shop.Login(ctx, Users[0], Password)
	if err != nil {
		return r, err
	}
	seller := shop.Product.As(session.AccessToken)
	for _, item := range catalogue {
		created, err := stock(ctx, seller, item)
		if err != nil {
			return r, err
		}
		count(created, &r.Products, &r.Kept)
		progress()
	}
	return r, nil
}

func count(created bool, fresh, kept *int) {
	if created {
		*fresh++
	} else {
		*kept++
	}
}

func register(ctx context.Context, shop rest.Shop, name string) (created bool, err error) {
	a, err := shop.User.Post(ctx, "/register", map[string]any{
		"username": name, "password": Password, "email": name + "@example.com",
	})
	switch {
	case err != nil:
		return false, err
	case a.Status == http.StatusCreated:
		return true, nil
	case a.Status == http.StatusBadRequest: // The name is taken: by an earlier seed, or the login after this says otherwise.
		return false, nil
	default:
		return false, fmt.Errorf("register %s: %d: %s", name, a.Status, a.Detail())
	}
}

func stock(ctx context.Context, seller rest.Client, item item) (created bool, err error) {
	a, err := seller.Get(ctx, "/products?q="+url.QueryEscape(item.Name))
	if err != nil {
		return false, err
	}
	if a.Status != http.StatusOK {
		return false, fmt.Errorf("search %q: %d: %s", item.Name, a.Status, a.Detail())
	}
	var found []rest.Product
	if err := a.Into(&found); err != nil {
		return false, err
	}
	for _, p := range found {
		if p.Name == item.Name {
			return false, nil
		}
	}
	a, err = seller.Post(ctx, "/products", item)
	if err != nil {
		return false, err
	}
	if a.Status != http.StatusCreated {
		return false, fmt.Errorf("create %q: %d: %s", item.Name, a.Status, a.Detail())
	}
	return true, nil
}
