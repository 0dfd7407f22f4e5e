package money_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"shop/kit/money"
)

// Every amount survives being written and read again, as text and as JSON.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := money.Amount(rapid.Int64().Draw(t, "minor units"))
		if got, err := money.Parse(want.String()); err != nil || got != want {
			t.Fatalf("Parse(%q) = %d, %v; want %d", want.String(), got, err, want)
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got money.Amount
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Fatalf("Unmarshal(%s) = %d, %v; want %d", text, got, err, want)
		}
	})
}

// Rounding moves a price by half a cent at most, and what has two digits not at all.
func TestRoundingLosesNothing(t *testing.T) {
	half := decimal.New(5, -3)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,7}(\.[0-9]{1,30})?(e-?[0-9])?`).Draw(t, "text")
		got, err := money.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		exact := decimal.RequireFromString(text)
		off := exact.Sub(decimal.New(int64(got), -2)).Abs()
		if off.GreaterThan(half) {
			t.Fatalf("Parse(%q) = %s, which is %s off", text, got, off)
		}
		if exact.Exponent() >= -2 && !off.IsZero() {
			t.Fatalf("Parse(%q) = %s, want it exactly", text, got)
		}
	})
}

// The total of an order is price × quantity to the cent, or an error, in 10^5
// cases that favour the edges of the range.
func TestTotalIsPriceTimesQuantity(t *testing.T) {
	const cases = 100_000
	r := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range cases {
		price := money.Amount(r.Int64N(int64(money.MaxInput)) + 1)
		quantity := r.Int64N(math.MaxInt64>>r.IntN(63)) + 1
		exact := new(big.Int).Mul(big.NewInt(int64(price)), big.NewInt(quantity))
		got, err := price.Times(quantity)
		switch {
		case !exact.IsInt64():
			refused++
			if !errors.Is(err, money.ErrRange) {
				t.Fatalf("%s × %d = %s, %v; want ErrRange", price, quantity, got, err)
			}
		case err != nil || int64(got) != exact.Int64():
			t.Fatalf("%s × %d = %s, %v; want %s minor units", price, quantity, got, err, exact)
		}
	}
	if refused == 0 || refused == cases {
		t.Errorf("%d of %d cases overflow; the cases miss one side of the edge", refused, cases)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"19.99", "-1e5", "1e999999999", ".5", "5.", "0.005", "+007", "", "1e-400", strings.Repeat("9", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := money.Parse(s)
		if err != nil {
			if a != 0 || (!errors.Is(err, money.ErrSyntax) && !errors.Is(err, money.ErrRange)) {
				t.Fatalf("Parse(%q) = %d, %v; want 0 and a rule", s, a, err)
			}
			return
		}
		if again, err := money.Parse(a.String()); err != nil || again != a {
			t.Fatalf("Parse(%q) = %d, but Parse(%q) = %d, %v", s, a, a.String(), again, err)
		}
	})
}
