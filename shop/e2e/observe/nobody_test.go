//go:build linux

package observe

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"shop/kit/testkit"
	"shop/shop/rest"
)

const (
	maxGrowth = 48 << 20 // bytes of memory that a service may take while nobody takes its spans.
	readers   = 4
	reads     = 400 // Of each reader.
)

// lookedAtByNobody: a Jaeger that hangs and then is gone, and a Prometheus that
// looks no more, cost no request and not more memory than a queue of spans.
func (s *shop) lookedAtByNobody(t *testing.T, buyer person, goods rest.Product) {
	if err := s.stopLooking(); err != nil {
		t.Fatal(err)
	}
	before := s.memory(t)
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"Jaeger hangs", s.jaeger.Pause},
		{"Jaeger is gone", s.jaeger.Kill},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		s.load(t, step.name, buyer, goods)
		for service, now := range s.memory(t) {
			t.Logf("%s: %s has %d KiB, %d before", step.name, service, int64(now)>>10, int64(before[service])>>10)
			if now > before[service]+maxGrowth {
				t.Errorf("%s: %s has %v bytes of memory, %v before", step.name, service, now, before[service])
			}
		}
	}
	if err := s.jaeger.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.sendsAgain(t, buyer, goods)
	messages := s.messages()
	_, id := s.order(t, buyer, goods)
	s.told(t, messages+3)
	s.whole(t, id, anOrder)
}

// sendsAgain waits until every service, which has something to tell, has noticed by
// itself that its spans are taken again.
func (s *shop) sendsAgain(t *testing.T, buyer person, goods rest.Product) {
	t.Helper()
	testkit.Eventually(t, patience, func() error {
		messages := s.messages()
		s.order(t, buyer, goods)
		s.told(t, messages+3)
		said := map[string]any{}
		for _, l := range s.lines(t) {
			if msg, _ := l.fields["msg"].(string); strings.HasPrefix(msg, "spans are ") {
				said[fmt.Sprint(l.fields["service"])] = msg
			}
		}
		for _, door := range s.Doors() {
			if said[door.Name] != "spans are exported again" {
				return fmt.Errorf("%s says %v", door.Name, said[door.Name])
			}
		}
		return nil
	}, "spans are sent again")
}

// load asks for much and wants every answer.
func (s *shop) load(t *testing.T, while string, buyer person, goods rest.Product) {
	t.Helper()
	messages := s.messages()
	var group sync.WaitGroup
	defer group.Wait()
	for range readers {
		group.Go(func() {
			for range reads {
				a, err := s.Product.Get(t.Context(), path("/products/", goods.ID))
				if err != nil || a.Status != http.StatusOK {
					t.Errorf("%s: a read: %d %v", while, a.Status, err)
					return
				}
			}
		})
	}
	const orders = 20
	for range orders {
		s.order(t, buyer, goods)
	}
	group.Wait()
	s.told(t, messages+orders*3)
}

// memory is what each part has taken of it.
func (s *shop) memory(t *testing.T) map[string]float64 {
	t.Helper()
	taken := map[string]float64{}
	for part := range s.pages {
		for text := range strings.Lines(s.page(t, part)) {
			name, value, _ := strings.Cut(strings.TrimSpace(text), " ")
			if name, _, _ := strings.Cut(name, "{"); name == "process_resident_memory_bytes" || name == "envoy_server_memory_allocated" {
				n, err := strconv.ParseFloat(value, 64)
				if err != nil {
					t.Fatal(err)
				}
				taken[part] = n
			}
		}
	}
	if len(taken) != len(s.pages) {
		t.Fatalf("the memory of %d parts of %d", len(taken), len(s.pages))
	}
	return taken
}
