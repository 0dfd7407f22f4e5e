package money_test

import (
	"testing"

	"shop/kit/money"
)

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := money.Parse("24000000.00"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendText(b *testing.B) {
	buffer := make([]byte, 0, 32)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := money.Amount(2_400_000_000).AppendText(buffer); err != nil {
			b.Fatal(err)
		}
	}
}
