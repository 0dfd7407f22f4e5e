package money_test

import (
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"shop/kit/money"
)

var _ encoding.TextAppender = money.Amount(0)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text string
		want money.Amount
		err  error
	}{
		"two digits":                  {"19.99", 1999, nil},
		"whole":                       {"24000000", 2_400_000_000, nil},
		"exponent":                    {"2.4e7", 2_400_000_000, nil},
		"capital exponent":            {"2.4E+7", 2_400_000_000, nil},
		"negative exponent":           {"1999e-2", 1999, nil},
		"most a client may send":      {"99999999.99", money.MaxInput, nil},
		"a half rounds up":            {"0.005", 1, nil},
		"below a half rounds down":    {"0.0049999999", 0, nil},
		"a negative half rounds away": {"-0.005", -1, nil},
		"negative":                    {"-5.1", -510, nil},
		"plain with plus and zeros":   {"+007.5", 750, nil},
		"no digit before the point":   {".5", 50, nil},
		"no digit after the point":    {"5.", 500, nil},
		"largest":                     {"92233720368547758.07", math.MaxInt64, nil},
		"smallest":                    {"-92233720368547758.08", math.MinInt64, nil},
		"one cent too large":          {"92233720368547758.08", 0, money.ErrRange},
		"one cent too small":          {"-92233720368547758.09", 0, money.ErrRange},
		"rounds out of range":         {"92233720368547758.075", 0, money.ErrRange},
		"hostile exponent":            {"1e999999999", 0, money.ErrRange},
		"overflowing exponent":        {"1e99999999999999999999999999", 0, money.ErrRange},
		"hostile negative exponent":   {"1e-999999999", 0, nil},
		"zero with hostile exponent":  {"0.00e999999999", 0, nil},
		"many zeros undone":           {"0." + strings.Repeat("0", 200) + "1e201", 100, nil},
		"just too long":               {strings.Repeat("0", 256) + "1", 0, money.ErrRange},
		"a megabyte":                  {strings.Repeat("9", 1<<20), 0, money.ErrRange},
		"empty":                       {"", 0, money.ErrSyntax},
		"sign alone":                  {"-", 0, money.ErrSyntax},
		"point alone":                 {".", 0, money.ErrSyntax},
		"exponent alone":              {"e5", 0, money.ErrSyntax},
		"exponent without digits":     {"1e", 0, money.ErrSyntax},
		"exponent with sign alone":    {"1e+", 0, money.ErrSyntax},
		"point in exponent":           {"1e1.5", 0, money.ErrSyntax},
		"two points":                  {"1.2.3", 0, money.ErrSyntax},
		"two signs":                   {"--1", 0, money.ErrSyntax},
		"sign inside":                 {"1-1", 0, money.ErrSyntax},
		"space":                       {" 1", 0, money.ErrSyntax},
		"thousands":                   {"1,000", 0, money.ErrSyntax},
		"not a number":                {"NaN", 0, money.ErrSyntax},
		"infinity":                    {"Infinity", 0, money.ErrSyntax},
		"hexadecimal":                 {"0x10", 0, money.ErrSyntax},
		"other digits":                {"١٢", 0, money.ErrSyntax},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := money.Parse(tt.text)
			if !errors.Is(err, tt.err) || got != tt.want {
				t.Errorf("Parse = %d, %v; want %d, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestString(t *testing.T) {
	tests := map[string]money.Amount{
		"0.00":                  0,
		"0.05":                  5,
		"-0.05":                 -5,
		"19.90":                 1990,
		"24000000.00":           2_400_000_000,
		"92233720368547758.07":  math.MaxInt64,
		"-92233720368547758.08": math.MinInt64,
	}
	for want, a := range tests {
		if got := a.String(); got != want {
			t.Errorf("Amount(%d).String() = %q, want %q", int64(a), got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	tests := []struct {
		a    money.Amount
		n    int64
		want money.Amount
		err  error
	}{
		{1999, 3, 5997, nil},
		{0, math.MaxInt64, 0, nil},
		{1999, 0, 0, nil},
		{-5, 2, -10, nil},
		{money.MaxInput, 922_337_203, 9223372029077662797, nil},
		{money.MaxInput, 922_337_204, 0, money.ErrRange},
		{math.MinInt64, -1, 0, money.ErrRange},
		{-1, math.MinInt64, 0, money.ErrRange},
		{math.MinInt64, 1, math.MinInt64, nil},
		{math.MaxInt64, 2, 0, money.ErrRange},
	}
	for _, tt := range tests {
		got, err := tt.a.Times(tt.n)
		if !errors.Is(err, tt.err) || got != tt.want {
			t.Errorf("Amount(%d).Times(%d) = %d, %v; want %d, %v", int64(tt.a), tt.n, int64(got), err, int64(tt.want), tt.err)
		}
	}
}

func TestJSON(t *testing.T) {
	type product struct {
		Price money.Amount `json:"price"`
	}
	accepted := map[string]money.Amount{
		`{"price":19.99}`:      1999,
		`{"price":"19.99"}`:    1999,
		`{"price":2.4e7}`:      2_400_000_000,
		`{"price":"\u0031.5"}`: 150,
		`{"price":null}`:       0,
		`{}`:                   0,
	}
	for text, want := range accepted {
		var p product
		if err := json.Unmarshal([]byte(text), &p); err != nil || p.Price != want {
			t.Errorf("Unmarshal(%s) = %d, %v; want %d", text, int64(p.Price), err, int64(want))
		}
	}
	refused := map[string]error{
		`{"price":"x"}`:         money.ErrSyntax,
		`{"price":""}`:          money.ErrSyntax,
		`{"price":true}`:        money.ErrSyntax,
		`{"price":[1]}`:         money.ErrSyntax,
		`{"price":1e999999999}`: money.ErrRange,
	}
	for text, want := range refused {
		p := product{Price: 7}
		if err := json.Unmarshal([]byte(text), &p); !errors.Is(err, want) || p.Price != 7 {
			t.Errorf("Unmarshal(%s) = %d, %v; want %v and the amount untouched", text, int64(p.Price), err, want)
		}
	}
	got, err := json.Marshal(product{Price: 2_400_000_000})
	if want := `{"price":24000000.00}`; err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v; want %s", got, err, want)
	}
}

func TestAppendTextDoesNotAllocate(t *testing.T) {
	buffer := make([]byte, 0, 64)
	allocs := testing.AllocsPerRun(100, func() {
		b, err := money.Amount(2_400_000_000).AppendText(buffer)
		if err != nil || len(b) != len("24000000.00") {
			t.Errorf("AppendText = %q, %v", b, err)
		}
	})
	if allocs != 0 {
		t.Errorf("AppendText allocates %v times, want 0", allocs)
	}
}
