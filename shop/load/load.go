// Package load sends a shop the requests of a usual day at a fixed rate, and
// counts every answer: an upgrade, a lost replica or a restart has to show in it
// as nothing at all.
//
// The load is open: a request is sent when it is due, whether or not those before
// it were answered, and waits count from when it was due. A shop that stands still
// for a second shows as a second of late answers, not as a pause.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"shop/shop/rest"
)

// Options say what is sent.
type Options struct {
	Shop     rest.Shop     // The public doors; its HTTP clients are replaced by one of the load's own.
	Rate     int           // Requests a second, 1 and up.
	Duration time.Duration // How long; 0 is until the context ends.
	Timeout  time.Duration // An answer that takes longer is a failure.
	Buyers   int           // Accounts of the load's own, 1 and up.
	Products int           // Products of the load's own, 1 and up.
	Progress io.Writer     // Gets a line from time to time, how it goes.
}

// progressInterval is how often a load says how it goes.
const progressInterval = 10 * time.Second

// Run makes buyers and products, sends the load, takes the products off sale, and
// returns what was counted. The end of ctx ends the load early and is no error:
// what is under way is waited for and counted. The error is of what had to be
// made, or tidied up; failed requests are in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	transport := &http.Transport{
		MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdle, IdleConnTimeout: idleTime, DisableCompression: true,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: o.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	for _, c := range []*rest.Client{&o.Shop.User, &o.Shop.Product, &o.Shop.Order, &o.Shop.Notification} {
		c.HTTP = client
	}
	crowd, err := newCrowd(ctx, o.Shop, o.Buyers, o.Products)
	if err != nil {
		return Report{}, err
	}
	tally := newTally()
	report := tally.measure(func() { send(ctx, o, crowd, tally) })
	return report, crowd.leave(context.WithoutCancel(ctx))
}

// How many connections are kept, and for how long: not as long as the edge keeps
// them (mesh.yaml), so that it closes none that is being used.
const (
	maxIdle  = 512
	idleTime = 30 * time.Second
)

// send sends requests until the duration or ctx ends, and returns when all of them
// have an answer or none.
func send(ctx context.Context, o Options, c *crowd, t *tally) {
	if o.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Duration)
		defer cancel()
	}
	var group sync.WaitGroup
	defer group.Wait()
	for n, begun := range c.buyers {
		group.Go(func() { c.renew(ctx, n, begun, t) })
	}
	group.Go(func() { t.tell(ctx, o.Progress) })
	// What is under way when the load ends is awaited, by the client's own limit.
	whole := context.WithoutCancel(ctx)
	start := time.Now()
	due := time.NewTimer(0)
	defer due.Stop()
	for n := 0; ; n++ {
		at := start.Add(time.Duration(n) * time.Second / time.Duration(o.Rate))
		due.Reset(time.Until(at))
		select {
		case <-ctx.Done():
			return
		case <-due.C:
		}
		// Every operation gets to every buyer and product.
		group.Go(func() { t.ask(whole, mix[n%len(mix)], at, c, n+n/len(mix)) })
	}
}

// Check returns what is wrong with the options.
func (o Options) Check() error {
	var wrong []error
	for _, n := range []struct {
		name  string
		value int
	}{{"rate", o.Rate}, {"buyers", o.Buyers}, {"products", o.Products}} {
		if n.value < 1 {
			wrong = append(wrong, fmt.Errorf("%s is %d, want 1 or more", n.name, n.value))
		}
	}
	if o.Duration < 0 {
		wrong = append(wrong, fmt.Errorf("duration is %s, want 0 (until Ctrl-C) or more", o.Duration))
	}
	if o.Timeout <= 0 {
		wrong = append(wrong, fmt.Errorf("timeout is %s, want more than 0", o.Timeout))
	}
	return errors.Join(wrong...)
}
