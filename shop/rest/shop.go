package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Shop is the four public doors.
type Shop struct {
	User, Product, Order, Notification Client
}

// At returns the shop whose services listen on host at port, port+1, port+2
// and port+3.
func At(host string, port int) Shop {
	door := func(n int) Client {
		return Client{Base: "http://" + host + ":" + strconv.Itoa(port+n), HTTP: &http.Client{Timeout: 30 * time.Second}}
	}
	return Shop{User: door(0), Product: door(1), Order: door(2), Notification: door(3)}
}

// Doors returns the services by name, in the order of their ports.
func (s Shop) Doors() []struct {
	Name   string
	Client Client
} {
	return []struct {
		Name   string
		Client Client
	}{{"user", s.User}, {"product", s.Product}, {"order", s.Order}, {"notification", s.Notification}}
}

// Session is what a login answers.
type Session struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
}

// Login signs in; an answer other than 200 is an error that quotes it.
func (s Shop) Login(ctx context.Context, username, password string) (Session, error) {
	a, err := s.User.Post(ctx, "/login", url.Values{"username": {username}, "password": {password}})
	if err != nil {
		return Session{}, err
	}
	if a.Status != http.StatusOK {
		return Session{}, fmt.Errorf("log in as %s: %d: %s", username, a.Status, a.Detail())
	}
	var session Session
	return session, a.Into(&session)
}

// Account is a user as /register and /users/me answer it.
type Account struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	IsActive bool   `json:"is_active"`
}

// Product is a product as the product service answers it.
type Product struct {
	ID          int64       `json:"id"`
	Name        string      `json:"name"`
	Description *string     `json:"description"`
	Price       json.Number `json:"price"`
	Quantity    int64       `json:"quantity"`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
}

// Order is an order as the order service answers it.
type Order struct {
	ID          int64       `json:"id"`
	UserID      int64       `json:"user_id"`
	ProductID   int64       `json:"product_id"`
	ProductName string      `json:"product_name"`
	Quantity    int64       `json:"quantity"`
	UnitPrice   json.Number `json:"unit_price"`
	TotalPrice  json.Number `json:"total_price"`
	Status      string      `json:"status"`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
}

// Notification is a notification as the notification service answers it.
type Notification struct {
	ID       int64   `json:"id"`
	EventID  string  `json:"event_id"`
	Event    string  `json:"event"`
	OrderID  int64   `json:"order_id"`
	Channel  string  `json:"channel"`
	State    string  `json:"state"`
	Attempts int     `json:"attempts"`
	Reason   *string `json:"reason"`
}
