// Package bustest is the contract of event.Bus as tests: every bus runs it.
package bustest

import (
	"testing"
	"testing/synctest"

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

// Open returns a bus with empty queues that has declared topology. It closes with
// the test.
type Open func(t *testing.T, topology event.Topology) event.Bus

// Run runs the suite in simulated time, so that waits of minutes cost nothing:
// for buses inside of the process, files included.
func Run(t *testing.T, open Open) {
	run(t, func(t *testing.T, test func(t *testing.T, b event.Bus)) {
		synctest.Test(t, func(t *testing.T) { test(t, open(t, Topology())) })
	})
}

// RunRealTime runs the suite in real time, which takes minutes: for buses across
// a network.
func RunRealTime(t *testing.T, open Open) {
	run(t, func(t *testing.T, test func(t *testing.T, b event.Bus)) {
		t.Parallel()
		test(t, open(t, Topology()))
	})
}

func run(t *testing.T, in func(t *testing.T, test func(t *testing.T, b event.Bus))) {
	for name, test := range map[string]func(t *testing.T, b event.Bus){
		"an event arrives as it was published in every queue bound to it": arrivesEverywhere,
		"an event that no queue takes is returned":                        isReturned,
		"messages wait for a consumer":                                    waitForConsumer,
		"what is acknowledged is gone":                                    acknowledgedIsGone,
		"a key's messages come one after another in order":                orderPerKey,
		"keys are handled side by side":                                   keysSideBySide,
		"prefetch bounds what is in flight":                               prefetchBounds,
		"two consumers share a queue":                                     twoConsumers,
		"a message at fault climbs the ladder and is dead-lettered":       climbsTheLadder,
		"a message that waits for a retry holds back only its own key":    holdsBackItsKey,
		"a message that mends itself is acknowledged":                     mendsItself,
		"what can never be handled is dead-lettered at once":              poison,
		"a panic is the message's fault":                                  panics,
		"while a dependency is away nothing is counted and little tried":  dependencyAway,
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
