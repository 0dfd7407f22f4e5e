package redis_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shop/kit/money"

	"shop/product/adapters/redis"
	"shop/product/domain"
)

func laptop() domain.Product {
	text := "15\" <thin>\nand light"
	return domain.Product{
		ID: 1,
		Draft: domain.Draft{
			Name: domain.RestoreName("Điện thoại"), Description: domain.RestoreDescription(&text),
			Price: domain.RestorePrice(1999), Quantity: 10,
		},
		CreatedAt: time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC),
		UpdatedAt: time.Date(2026, 3, 14, 15, 9, 27, 0, time.UTC),
		Version:   3,
	}
}

func TestWhatPeopleSee(t *testing.T) {
	const want = `{"id":1,"name":"Điện thoại","description":"15\" <thin>\nand light","price":19.99,"quantity":10,` +
		`"created_at":"2026-03-14T15:09:26.535897Z","updated_at":"2026-03-14T15:09:27.000000Z"}`
	if got, err := redis.Codec().Marshal(laptop()); err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	bare := laptop()
	bare.Description = domain.Description{}
	if got, err := redis.Codec().Marshal(bare); err != nil || !strings.Contains(string(got), `,"description":null,`) {
		t.Errorf("without a description: %s, %v", got, err)
	}
}

func TestEveryProductComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := domain.Product{
			ID: domain.ID(rapid.Int64Min(1).Draw(t, "id")),
			Draft: domain.Draft{
				Name:     domain.RestoreName(rapid.String().Draw(t, "name")),
				Price:    domain.RestorePrice(money.Amount(rapid.Int64Range(0, int64(money.MaxInput)).Draw(t, "price"))),
				Quantity: domain.Quantity(rapid.Int64Min(0).Draw(t, "quantity")),
			},
			CreatedAt: time.UnixMicro(rapid.Int64Range(0, 1<<55).Draw(t, "created")).UTC(),
			UpdatedAt: time.UnixMicro(rapid.Int64Range(0, 1<<55).Draw(t, "updated")).UTC(),
			Version:   rapid.Int64Min(1).Draw(t, "version"),
		}
		if rapid.Bool().Draw(t, "described") {
			text := rapid.String().Draw(t, "description")
			p.Description = domain.RestoreDescription(&text)
		}
		b, err := redis.Codec().Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := redis.Codec().Unmarshal(b, p.Version); err != nil || got != p {
			t.Fatalf("%s became %+v, %v", b, got, err)
		}
	})
}

func TestWhatIsNoProductIsRefused(t *testing.T) {
	whole, err := redis.Codec().Marshal(laptop())
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"id":1,`, ``}, {`"id":1`, `"id":"1"`}, {`"name":"Điện thoại",`, ``}, {`"name":"Điện thoại"`, `"name":null`},
		{`"price":19.99,`, ``}, {`19.99`, `"cheap"`}, {`"quantity":10,`, ``}, {`10`, `1.5`},
		{`"created_at":"2026-03-14T15:09:26.535897Z",`, ``}, {`2026-03-14T15:09:26.535897Z`, `today`},
		{`,"updated_at":"2026-03-14T15:09:27.000000Z"`, ``}, {`}`, ``},
	} {
		broken := strings.Replace(string(whole), change[0], change[1], 1)
		if got, err := redis.Codec().Unmarshal([]byte(broken), 1); err == nil || got != (domain.Product{}) {
			t.Errorf("%s was read as %+v, %v", broken, got, err)
		}
	}
}

func BenchmarkCodec(b *testing.B) {
	codec, usual := redis.Codec(), laptop()
	usual.Description = domain.Description{}
	text, err := codec.Marshal(usual)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.Marshal(usual); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.Unmarshal(text, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
}
