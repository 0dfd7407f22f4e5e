package rabbitmq

import (
	"slices"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// returns knows which messages of a channel came back because no queue takes
// them. The broker returns a message before it confirms it.
type returns struct {
	asked chan chan struct{}

	mu      sync.Mutex
	watches map[string][]*watch // By message id.
}

// watch is the messages of one send, by id, and whether they came back.
type watch struct {
	returns *returns
	back    map[string]bool
}

// collect takes what comes from the unbuffered channel in until it is closed.
func collect(in <-chan amqp.Return) *returns {
	r := &returns{asked: make(chan chan struct{}), watches: map[string][]*watch{}}
	go func() {
		for {
			select {
			case back, ok := <-in:
				if !ok {
					return
				}
				r.note(back.MessageId)
			case answer := <-r.asked:
				close(answer)
			}
		}
	}()
	return r
}

func (r *returns) note(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.watches[id] {
		w.back[id] = true
	}
}

// watch waits for messages to come back, until forget.
func (r *returns) watch(messages []outgoing) *watch {
	w := &watch{returns: r, back: make(map[string]bool, len(messages))}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range messages {
		id := m.message.MessageId
		if _, twice := w.back[id]; !twice {
			w.back[id] = false
			r.watches[id] = append(r.watches[id], w)
		}
	}
	return w
}

// upToDate returns when every return is noted that came before the call, or when
// ended is closed. The one who takes them takes one thing at a time: the answer
// means that whatever the channel has handed over before is noted.
func (r *returns) upToDate(ended <-chan struct{}) {
	answer := make(chan struct{})
	select {
	case r.asked <- answer:
		<-answer
	case <-ended:
	}
}

// has reports whether the message with this id came back.
func (w *watch) has(id string) bool {
	w.returns.mu.Lock()
	defer w.returns.mu.Unlock()
	return w.back[id]
}

// forget ends the watch.
func (w *watch) forget() {
	r := w.returns
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range w.back {
		r.watches[id] = slices.DeleteFunc(r.watches[id], func(other *watch) bool { return other == w })
		if len(r.watches[id]) == 0 {
			delete(r.watches, id)
		}
	}
}
