package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"

	"github.com/lib/pq"

	"shop/shop/rest"
)

// Promise 2: what is sold was there. However many buy at once, whatever dies
// between setting pieces aside and storing the order, stock + sold is what there
// was, and no order is without its pieces.
func nothingSoldTwice(t *testing.T, s *stage) {
	p := s.open(t, layout{
		replicas: map[string]int{"product": 2, "order": 2},
		// A paused order process goes on with its request, also long after.
		settings: map[string]string{"REQUEST_TIMEOUT": "60", "SHUTDOWN_TIMEOUT": "61"},
		links:    []link{{"order-1", "postgres"}},
	})
	buyers := p.buyers(t, 300)
	t.Run("300 buyers of 100 pieces", func(t *testing.T) { soldOut(t, p, buyers) })
	t.Run("killed between reserve and create", func(t *testing.T) { killedInBetween(t, p, buyers[:16]) })
	t.Run("paused between reserve and create", func(t *testing.T) { pausedInBetween(t, p, buyers[0]) })
}

const pieces = 100

// soldOut lets 300 buyers over 32 connections order one of 100 pieces each.
func soldOut(t *testing.T, p *shop, buyers []rest.Session) {
	const connections = 32
	product := p.stocked(t, buyers[0], pieces)
	queue := make(chan rest.Session, len(buyers))
	for _, buyer := range buyers {
		queue <- buyer
	}
	close(queue)
	var (
		mu      sync.Mutex
		answers = map[int]int{}
		group   sync.WaitGroup
	)
	for range connections {
		door := p.client(t, "order")
		group.Go(func() {
			for buyer := range queue {
				_, a, err := buy(t.Context(), door, buyer, product.ID, 1)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				answers[a.Status]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	left, err := p.inStock(t.Context(), product.ID)
	if err != nil {
		t.Fatal(err)
	}
	if answers[http.StatusCreated] != pieces || answers[http.StatusBadRequest] != len(buyers)-pieces || left != 0 {
		t.Errorf("answers %v, %d left; want %d × 201, %d × 400, none left", answers, left, pieces, len(buyers)-pieces)
	}
	p.stage.report.Add(t, fmt.Sprintf("stock %d, %d buyers, %d connections, 2 product and 2 order replicas", pieces, len(buyers), connections),
		fmt.Sprintf("%d × 201, %d × 400, %d others; %d left", answers[http.StatusCreated], answers[http.StatusBadRequest],
			len(buyers)-answers[http.StatusCreated]-answers[http.StatusBadRequest], left), "")
}

// killedInBetween kills an order process that has reserved and not yet stored,
// while buyers order and cancel at random.
func killedInBetween(t *testing.T, p *shop, buyers []rest.Session) {
	product := p.stocked(t, buyers[0], pieces)
	var placed acknowledged
	stop := meanwhile(t, func(ctx context.Context) {
		var group sync.WaitGroup
		for n, buyer := range buyers {
			group.Go(func() { p.orderAndCancel(ctx, buyer, product.ID, rand.New(rand.NewPCG(2, uint64(n))), &placed) })
		}
		group.Wait()
	})
	way, victim := p.links[link{"order-1", "postgres"}], p.processes["order"][0]
	orphans := 0
	for range p.stage.form.ambushes {
		way.HoldRequests()
		eventually(t, patience, func() error {
			n, err := p.orphans(t.Context())
			if err == nil && n == 0 {
				err = fmt.Errorf("no reservation without an order")
			}
			orphans += n
			return err
		}, "an order process has reserved and can't store")
		victim.Kill()
		way.Release()
		victim.Start(t)
	}
	stop()
	p.awaitBalance(t, product.ID, pieces)
	left, _ := p.inStock(t.Context(), product.ID)
	sold, _ := p.sold(t.Context(), product.ID)
	p.stage.report.Add(t, fmt.Sprintf("%d SIGKILLs between reserve and create; %d buyers order and cancel at random", p.stage.form.ambushes, len(buyers)),
		fmt.Sprintf("%d × 201, %d reservations orphaned; %d in stock + %d sold = %d", len(placed.IDs()), orphans, left, sold, left+sold), "")
}

// orderAndCancel orders 1 to 3 pieces and cancels orders, at random, until ctx
// ends.
func (p *shop) orderAndCancel(ctx context.Context, buyer rest.Session, product int64, random *rand.Rand, all *acknowledged) {
	var mine []int64
	for ctx.Err() == nil {
		if len(mine) > 0 && random.IntN(2) == 0 {
			a, err := p.setStatus(context.WithoutCancel(ctx), buyer, mine[0], "cancelled")
			if err == nil && a.Status == http.StatusOK {
				mine = mine[1:]
				continue
			}
		}
		placed, a, err := buy(context.WithoutCancel(ctx), p.Order, buyer, product, 1+random.IntN(3))
		if err == nil && a.Status == http.StatusCreated {
			all.Add(placed.ID)
			mine = append(mine, placed.ID)
			continue
		}
		p.awaitDoor(ctx, p.Order)
	}
}

// pausedInBetween stops the order process between reserve and create for longer
// than a reservation lives. What it does when it goes on is an order with its
// pieces, or none.
func pausedInBetween(t *testing.T, p *shop, buyer rest.Session) {
	product := p.stocked(t, buyer, pieces)
	way := p.links[link{"order-1", "postgres"}]
	paused, other := p.processes["order"][0], p.processes["order"][1]
	answers := map[string]int{}
	for n := range p.stage.form.ambushes {
		way.HoldRequests()
		var a rest.Answer
		answered := make(chan error, 1)
		go func() {
			var err error
			_, a, err = buy(context.WithoutCancel(t.Context()), rest.Client{Base: paused.door.Base, HTTP: &http.Client{}}, buyer, product.ID, 1)
			answered <- err
		}()
		var id string
		eventually(t, patience, func() (err error) { id, err = p.reserved(t.Context(), product.ID); return err }, "the pieces are reserved")
		paused.Pause(t)
		p.doors["order"].Leave(paused.Addr()) // Else some of the few times that product asks are lost on it.
		way.Release()
		// With another order process the reservation is found abandoned and given
		// back; with none to ask, it is kept.
		what, want := "given back", `SELECT count(*) FROM reservations WHERE id = $1 AND state = 'released'`
		if n%2 == 1 {
			other.Pause(t)
			what, want = "kept", `SELECT count(*) FROM reservations WHERE id = $1 AND state = 'open' AND attempts > 1`
		}
		eventually(t, patience, func() error {
			n, err := p.count(t.Context(), "product", want, id)
			if err == nil && n == 0 {
				err = fmt.Errorf("reservation %s is not %s", id, what)
			}
			return err
		}, "the reservation's time is over")
		other.Resume(t)
		paused.Resume(t)
		p.doors["order"].Leave("")
		if err := <-answered; err != nil {
			t.Error(err)
		} else if a.Status != http.StatusCreated && a.Status != http.StatusServiceUnavailable {
			t.Errorf("the paused order was answered %d: %s", a.Status, a.Body)
		}
		answers[fmt.Sprintf("%d when %s", a.Status, what)]++
		p.awaitBalance(t, product.ID, pieces)
	}
	without, err := p.ordersWithoutPieces(t.Context())
	if err != nil || without > 0 {
		t.Errorf("%d orders are without their pieces, %v", without, err)
	}
	p.stage.report.Add(t, fmt.Sprintf("%d SIGSTOPs between reserve and create, past the reservation's time", p.stage.form.ambushes),
		fmt.Sprintf("answers %v; %d orders without pieces", answers, without), "")
}

// reserved returns the reservation of product that has no order yet.
func (p *shop) reserved(ctx context.Context, product int64) (id string, err error) {
	ids, err := p.unordered(ctx)
	switch {
	case err != nil:
		return "", err
	case len(ids) != 1:
		return "", fmt.Errorf("%d reservations of product %d are without an order, want 1", len(ids), product)
	}
	return ids[0], nil
}

// orphans counts open reservations that no order was stored for.
func (p *shop) orphans(ctx context.Context) (int, error) {
	ids, err := p.unordered(ctx)
	return len(ids), err
}

func (p *shop) unordered(ctx context.Context) ([]string, error) {
	var open, ordered []string
	if err := p.list(ctx, &open, "product", `SELECT id::text FROM reservations WHERE state = 'open'`); err != nil {
		return nil, err
	}
	if err := p.list(ctx, &ordered, "order", `SELECT id FROM reservations WHERE id = ANY($1)`, pq.Array(open)); err != nil {
		return nil, err
	}
	return without(open, ordered), nil
}

// ordersWithoutPieces counts live orders whose reservation was given back.
func (p *shop) ordersWithoutPieces(ctx context.Context) (int, error) {
	var live, held []string
	if err := p.list(ctx, &live, "order", `SELECT reservation_id FROM orders WHERE status <> 'cancelled'`); err != nil {
		return 0, err
	}
	if err := p.list(ctx, &held, "product", `SELECT id::text FROM reservations WHERE state <> 'released'`); err != nil {
		return 0, err
	}
	return len(without(live, held)), nil
}
