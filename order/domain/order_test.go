package domain

import (
	"errors"
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shop/kit/errs"
	"shop/kit/money"
)

var (
	now      = time.Date(2026, time.March, 14, 15, 9, 26, 535897932, time.FixedZone("ICT", 7*3600))
	reserved = Reserved{ID: "r", ProductName: "Phở", UnitPrice: 1999}
)

func placed(t *testing.T) Order {
	t.Helper()
	o, err := Place(7, 42, 3, reserved, now)
	if err != nil {
		t.Fatal(err)
	}
	return o.Stored(1)
}

func TestPlace(t *testing.T) {
	got := placed(t).Snapshot()
	at := time.Date(2026, time.March, 14, 8, 9, 26, 535897000, time.UTC)
	want := Snapshot{
		ID: 1, UserID: 7, ProductID: 42, ProductName: "Phở", Quantity: 3, UnitPrice: 1999, Total: 5997,
		Status: Pending, Reservation: "r", Sequence: 1, CreatedAt: at, UpdatedAt: at,
	}
	if got != want {
		t.Errorf("placed\n got %+v\nwant %+v", got, want)
	}
	if _, err := Place(7, 42, MaxQuantity, Reserved{UnitPrice: money.MaxInput}, now); !errors.Is(err, ErrTotalTooLarge) {
		t.Errorf("total beyond an amount: %v", err)
	}
}

// TestTotal compares the total with arithmetic that cannot overflow. It makes
// its own cases, because rapid's default is 100.
func TestTotal(t *testing.T) {
	const cases = 100_000
	n := 0
	quantities := rapid.Int64Range(1, MaxQuantity)
	prices := rapid.OneOf(rapid.Int64Range(1, int64(money.MaxInput)), rapid.Int64Range(1, math.MaxInt64))
	rapid.Check(t, func(t *rapid.T) {
		for range cases / 100 {
			q, price := quantities.Draw(t, "quantity"), prices.Draw(t, "price")
			exact := new(big.Int).Mul(big.NewInt(q), big.NewInt(price))
			o, err := Place(1, 1, Quantity(q), Reserved{UnitPrice: money.Amount(price)}, now)
			switch {
			case !exact.IsInt64():
				if !errors.Is(err, ErrTotalTooLarge) {
					t.Fatalf("%d × %d: %v", q, price, err)
				}
			case err != nil || int64(o.Snapshot().Total) != exact.Int64():
				t.Fatalf("%d × %d = %s, %v", q, price, o.Snapshot().Total, err)
			}
			n++
		}
	})
	if !t.Failed() && n < cases {
		t.Errorf("%d cases, want %d", n, cases)
	}
}

func TestBecome(t *testing.T) {
	later := now.Add(time.Hour)
	allowed := map[[2]Status]bool{
		{Pending, Confirmed}: true, {Confirmed, Shipped}: true, {Shipped, Delivered}: true,
		{Pending, Cancelled}: true, {Confirmed, Cancelled}: true,
	}
	for _, from := range Statuses() {
		for _, to := range Statuses() {
			o := placed(t)
			o.s.Status = from
			got, err := o.Become(to, later)
			s := got.Snapshot()
			switch {
			case from == to:
				if err != nil || got != o {
					t.Errorf("%s again: %+v, %v", to, s, err)
				}
			case allowed[[2]Status{from, to}]:
				if err != nil || s.Status != to || s.Sequence != 2 || !s.UpdatedAt.Equal(instant(later)) || s.CreatedAt.Equal(s.UpdatedAt) {
					t.Errorf("%s to %s: %+v, %v", from, to, s, err)
				}
			default:
				e := errs.Of(err)
				if !errors.Is(err, ErrTransition) || got != o || e.Params["from"] != string(from) || e.Params["to"] != string(to) {
					t.Errorf("%s to %s: %+v, %v", from, to, s, err)
				}
			}
		}
	}
}

// TestWalk takes random walks through the machine beside a model that knows
// only which steps of a life have been reached.
func TestWalk(t *testing.T) {
	const walks = 10_000
	n := 0
	wishes := rapid.SliceOfN(rapid.SampledFrom(Statuses()), 1, 12)
	rapid.Check(t, func(t *rapid.T) {
		for range walks / 100 {
			walk(t, wishes.Draw(t, "walk"))
			n++
		}
	})
	if !t.Failed() && n < walks {
		t.Errorf("%d walks, want %d", n, walks)
	}
}

func walk(t *rapid.T, wishes []Status) {
	o, err := Place(7, 42, 3, reserved, now)
	if err != nil {
		t.Fatal(err)
	}
	model := struct {
		step      int // 0 pending, 1 confirmed, 2 shipped, 3 delivered.
		cancelled bool
		changes   int64
	}{changes: 1}
	for i, to := range wishes {
		before := model
		wish := map[Status]int{Pending: 0, Confirmed: 1, Shipped: 2, Delivered: 3}
		allowed := true
		switch step, forward := wish[to]; {
		case to == Cancelled && model.cancelled, forward && !model.cancelled && step == model.step:
		case to == Cancelled && model.step <= 1:
			model.cancelled = true
			model.changes++
		case forward && !model.cancelled && step == model.step+1:
			model.step = step
			model.changes++
		default:
			allowed = false
		}
		after, err := o.Become(to, now.Add(time.Duration(i+1)*time.Minute))
		if allowed != (err == nil) {
			t.Fatalf("%v to %s: %v", before, to, err)
		}
		if err != nil && after != o {
			t.Fatalf("a refused change to %s changed the order: %+v", to, after.Snapshot())
		}
		o = after
		s := o.Snapshot()
		if s.Sequence != model.changes || (s.Status == Cancelled) != model.cancelled || !model.cancelled && wish[s.Status] != model.step {
			t.Fatalf("order %+v, model %+v", s, model)
		}
	}
}

func TestDelete(t *testing.T) {
	o := placed(t).Delete(now.Add(time.Hour))
	if s := o.Snapshot(); s.Status != Pending || s.Sequence != 2 || !s.UpdatedAt.Equal(instant(now.Add(time.Hour))) {
		t.Errorf("deleted order %+v", s)
	}
}

func TestOwnedBy(t *testing.T) {
	if o := placed(t); !o.OwnedBy(7) || o.OwnedBy(8) {
		t.Error("an order belongs to the user who placed it")
	}
}

func TestRestore(t *testing.T) {
	good := placed(t).Snapshot()
	if o, err := Restore(good); err != nil || o.Snapshot() != good {
		t.Errorf("restore: %+v, %v", o, err)
	}
	adopted := good
	adopted.Total++ // As an older system said.
	if o, err := Restore(adopted); err != nil || o.Snapshot() != adopted {
		t.Errorf("restore: %+v, %v", o, err)
	}
	tests := map[string]func(*Snapshot){
		"a negative total":  func(s *Snapshot) { s.Total = -1 },
		"a negative price":  func(s *Snapshot) { s.UnitPrice = -1 },
		"no quantity":       func(s *Snapshot) { s.Quantity = 0 },
		"an unknown status": func(s *Snapshot) { s.Status = "lost" },
		"no id":             func(s *Snapshot) { s.ID = 0 },
		"no sequence":       func(s *Snapshot) { s.Sequence = 0 },
	}
	for name, damage := range tests {
		s := good
		damage(&s)
		if _, err := Restore(s); err == nil || errs.KindOf(err) != errs.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}
