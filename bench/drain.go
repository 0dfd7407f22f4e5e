package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shop/shop/rest"
)

// pause lets d pass or returns why ctx ended first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// drained waits until every series of the gauge is 0 in two looks that are
// further apart than the gauge is cached.
func drained(ctx context.Context, url, gauge string) error {
	client := rest.Client{Base: url}
	for zero := 0; zero < 2; {
		a, err := client.Get(ctx, "")
		if err != nil {
			return err
		}
		waiting, err := sum(a.Body, gauge)
		if err != nil {
			return err
		}
		if zero++; waiting > 0 {
			zero = 0
		}
		if err := pause(ctx, 3*time.Second); err != nil {
			return fmt.Errorf("%s does not come down to 0: %w", gauge, err)
		}
	}
	return nil
}

// sum adds up the series of a metric; one that does not exist is an error.
func sum(metrics []byte, name string) (total float64, err error) {
	found := false
	for line := range strings.Lines(string(metrics)) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if metric, _, _ := strings.Cut(series, "{"); !ok || metric != name {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		total, found = total+n, true
	}
	if !found {
		return 0, fmt.Errorf("there is no metric %s", name)
	}
	return total, nil
}
