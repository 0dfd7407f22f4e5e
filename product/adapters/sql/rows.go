package sql

import (
	"fmt"

	"shop/kit/money"
	"shop/kit/sqldb"

	"shop/product/domain"
	"shop/product/ports"
)

// product is a row of the table products.
type product struct {
	ID          int64        `db:"id"`
	Name        string       `db:"name"`
	NameFolded  string       `db:"name_folded"`
	Description *string      `db:"description"`
	PriceMinor  money.Amount `db:"price_minor"`
	Quantity    int64        `db:"quantity"`
	CreatedAt   sqldb.Micros `db:"created_at"`
	UpdatedAt   sqldb.Micros `db:"updated_at"`
	Version     int64        `db:"version"`
}

func productRow(p domain.Product) product {
	row := product{
		ID:         int64(p.ID),
		Name:       p.Name.String(),
		NameFolded: p.Name.Folded(),
		PriceMinor: p.Price.Amount(),
		Quantity:   int64(p.Quantity),
		CreatedAt:  sqldb.From(p.CreatedAt),
		UpdatedAt:  sqldb.From(p.UpdatedAt),
		Version:    p.Version,
	}
	if text, given := p.Description.Text(); given {
		row.Description = &text
	}
	return row
}

func (row product) domain() domain.Product {
	return domain.Product{
		ID: domain.ID(row.ID),
		Draft: domain.Draft{
			Name:        domain.RestoreName(row.Name),
			Description: domain.RestoreDescription(row.Description),
			Price:       domain.RestorePrice(row.PriceMinor),
			Quantity:    domain.Quantity(row.Quantity),
		},
		CreatedAt: row.CreatedAt.Time(),
		UpdatedAt: row.UpdatedAt.Time(),
		Version:   row.Version,
	}
}

// moved is the movement that brought the product to this row.
func (row product) moved() ports.Movement {
	return ports.Movement{Product: domain.ID(row.ID), Version: row.Version}
}

// reservation is a row of the table reservations.
type reservation struct {
	ID             string        `db:"id"`
	ProductID      int64         `db:"product_id"`
	Quantity       int64         `db:"quantity"`
	ProductName    string        `db:"product_name"`
	UnitPriceMinor money.Amount  `db:"unit_price_minor"`
	State          string        `db:"state"`
	CreatedAt      sqldb.Micros  `db:"created_at"`
	ExpiresAt      sqldb.Micros  `db:"expires_at"`
	DueAt          sqldb.Micros  `db:"due_at"`
	Attempts       int           `db:"attempts"`
	PurgeAt        *sqldb.Micros `db:"purge_at"` // nil: never.
}

func reservationRow(r domain.Reservation) reservation {
	return reservation{
		ID:             r.ID.String(),
		ProductID:      int64(r.Product),
		Quantity:       int64(r.Quantity),
		ProductName:    r.ProductName.String(),
		UnitPriceMinor: r.UnitPrice.Amount(),
		State:          string(r.State),
		CreatedAt:      sqldb.From(r.CreatedAt),
		ExpiresAt:      sqldb.From(r.ExpiresAt),
		DueAt:          sqldb.From(r.DueAt),
		Attempts:       r.Attempts,
	}
}

func (row reservation) domain() (domain.Reservation, error) {
	id, err := domain.NewReservationID(row.ID)
	if err != nil {
		return domain.Reservation{}, fmt.Errorf("reservation %q: %w", row.ID, err)
	}
	return domain.Reservation{
		Claim:       domain.Claim{ID: id, Product: domain.ID(row.ProductID), Quantity: domain.Quantity(row.Quantity)},
		ProductName: domain.RestoreName(row.ProductName),
		UnitPrice:   domain.RestorePrice(row.UnitPriceMinor),
		State:       domain.State(row.State),
		CreatedAt:   row.CreatedAt.Time(),
		ExpiresAt:   row.ExpiresAt.Time(),
		DueAt:       row.DueAt.Time(),
		Attempts:    row.Attempts,
	}, nil
}
