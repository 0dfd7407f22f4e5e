package app

import "context"

// slots counts what runs at once: each element in the channel is one taken slot.
type slots chan struct{}

// take waits for a free slot and takes it; false means that ctx ended first.
func (s slots) take(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// takeOne takes a slot if one is free now.
func (s slots) takeOne() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

// takeMore takes every slot that is free now and returns how many.
func (s slots) takeMore() (n int) {
	for s.takeOne() {
		n++
	}
	return n
}

// give gives n slots back.
func (s slots) give(n int) {
	for range n {
		<-s
	}
}
