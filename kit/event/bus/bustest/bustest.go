// Package bustest is the contract of event.Bus as tests: every bus runs it.
package bustest

import (
	"testing"
	"testing/synctest"
	"time"

	"shop/kit/event"
)

// The queues of Topology: both take shared, each takes one type of its own.
const (
	first  = "first"
	second = "second"

	shared      = "thing.made"
	onlyFirst   = "thing.changed"
	onlySecond  = "thing.gone"
	unboundType = "thing.unheard_of"
)

// Topology is what the buses under test declare.
func Topology() event.Topology {
	return event.Topology{Exchange: "things", Queues: []event.Queue{
		{Name: first, Types: []string{shared, onlyFirst}},
		{Name: second, Types: []string{shared, onlySecond}},
	}}
}

// Traits are what a bus promises less, or keeps more slowly, than those inside of
// the process.
type Traits struct {
	// Dealt: several consumers of a queue get its messages as they are dealt out,
	// so that the order of a key holds within one consumer only.
	Dealt bool
	// Overtaken: a message that waits for a retry does not hold back the later
	// ones of its key.
	Overtaken bool
	// Outage is how long the tests keep a dependency away.
	Outage time.Duration
	// Margin is how late what has a time may come.
	Margin time.Duration
}

// Open returns a bus with empty queues that has declared topology. It closes with
// the test.
type Open func(t *testing.T, topology event.Topology) event.Bus

// Run runs the suite in simulated time, so that waits of minutes cost nothing:
// for buses inside of the process, files included.
func Run(t *testing.T, open Open) {
	traits := Traits{Outage: 2 * time.Minute, Margin: 500 * time.Millisecond}
	traits.run(t, func(t *testing.T, test func(t *testing.T, b event.Bus)) {
		synctest.Test(t, func(t *testing.T) { test(t, open(t, Topology())) })
	})
}

// RunRealTime runs the suite in real time, side by side, for buses across a
// network. It waits more than it works: give it a high -test.parallel.
func RunRealTime(t *testing.T, traits Traits, open Open) {
	traits.run(t, func(t *testing.T, test func(t *testing.T, b event.Bus)) {
		t.Parallel()
		test(t, open(t, Topology()))
	})
}

func (traits Traits) run(t *testing.T, in func(t *testing.T, test func(t *testing.T, b event.Bus))) {
	for name, test := range map[string]func(t *testing.T, b event.Bus){
		"an event arrives as it was published in every queue bound to it": arrivesEverywhere,
		"an event that no queue takes is returned":                        isReturned,
		"messages wait for a consumer":                                    waitForConsumer,
		"what is acknowledged is gone":                                    acknowledgedIsGone,
		"a key's messages come one after another in order":                orderPerKey,
		"keys are handled side by side":                                   keysSideBySide,
		"prefetch bounds what is in flight":                               prefetchBounds,
		"two consumers share a queue":                                     traits.twoConsumers,
		"a message at fault climbs the ladder and is dead-lettered":       traits.climbsTheLadder,
		"a message that waits for a retry holds back only its own key":    traits.holdsBackItsKey,
		"a message that mends itself is acknowledged":                     mendsItself,
		"what can never be handled is dead-lettered at once":              traits.poison,
		"a panic is the message's fault":                                  panics,
		"while a dependency is away nothing is counted and little tried":  traits.dependencyAway,
		"one message without its dependency does not hold up the others":  oneWithoutDependency,
		"dead letters are listed and replayed":                            deadLetters,
		"a consumer that stops finishes what is in flight":                stopsGracefully,
		"depth tells what waits, is in flight and is dead":                depthCounts,
		"ten thousand events":                                             tenThousand,
		"a queue that does not exist can't be consumed":                   unknownQueue,
		"a closed bus is unavailable":                                     closedIsUnavailable,
	} {
		t.Run(name, func(t *testing.T) { in(t, test) })
	}
}
