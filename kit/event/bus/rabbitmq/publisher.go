package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"shop/kit/errs"
	"shop/kit/event"
)

// outgoing is a message on its way to an exchange, "" is the default one, which
// takes it to the queue that key names.
type outgoing struct {
	exchange, key string
	message       amqp.Publishing
}

// publisher publishes with confirms on the channel of the moment.
type publisher struct {
	link      *link
	names     names
	condition condition

	mu      sync.Mutex
	session *publishing // Nil while there is no channel.
}

// publishing is one channel's life.
type publishing struct {
	channel *amqp.Channel
	jobs    chan *job
	stale   chan struct{} // Signalled when something declared has gone.
	returns *returns
	ended   chan struct{}
}

// job is messages to be written. Its results belong to the writer until written
// is closed.
type job struct {
	ctx      context.Context
	messages []outgoing
	confirms []*amqp.DeferredConfirmation
	errs     []error
	written  chan struct{}
}

// ErrBlocked says that the broker takes no messages, because it is short of memory
// or disk.
var ErrBlocked = errs.New(errs.Unavailable, "event_broker_blocked")

var (
	errNoConfirm = errors.New("no confirm")
	errStale     = errors.New("a declared queue has gone")
)

// run keeps a channel for publishing until ctx ends.
func (p *publisher) run(ctx context.Context) { p.link.keep(ctx, p.names, &p.condition, p.serve) }

// serve publishes on ch until it ends, and returns why it did.
func (p *publisher) serve(ctx context.Context, ch *amqp.Channel) error {
	if err := ch.Confirm(false); err != nil {
		return fmt.Errorf("ask for confirms: %w", err)
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	s := &publishing{
		channel: ch, jobs: make(chan *job), stale: make(chan struct{}, 1), ended: make(chan struct{}),
		returns: collect(ch.NotifyReturn(make(chan amqp.Return))),
	}
	defer close(s.ended)
	p.set(s)
	defer p.set(nil)
	p.condition.works(ctx)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stale:
			return errStale
		case reason := <-closed:
			return because(reason)
		case j := <-s.jobs:
			j.write(ch)
		}
	}
}

func (p *publisher) set(s *publishing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session = s
}

// write writes a job's messages until its context ends.
func (j *job) write(ch *amqp.Channel) {
	defer close(j.written)
	for i, m := range j.messages {
		j.confirms[i], j.errs[i] = ch.PublishWithDeferredConfirmWithContext(j.ctx, m.exchange, m.key, true, false, m.message)
	}
}

// ready returns the channel of the moment, or why there is none that takes
// messages.
func (p *publisher) ready() (*publishing, error) {
	_, blocked, _ := p.link.state()
	p.mu.Lock()
	s := p.session
	p.mu.Unlock()
	switch {
	case blocked != "":
		return nil, ErrBlocked.With("reason", blocked)
	case s == nil:
		return nil, p.away()
	}
	return s, nil
}

// away returns why there is no channel.
func (p *publisher) away() error {
	err := cmp.Or(p.link.condition.reason(), p.condition.reason(), errConnecting)
	if errors.Is(err, ErrMismatch) {
		return err
	}
	return errs.ErrUnavailable.Wrap(err)
}

// send publishes messages and returns what became of each, as event.Publisher
// says. Without a channel that takes messages it fails at once.
func (p *publisher) send(ctx context.Context, messages []outgoing) []error {
	s, err := p.ready()
	if err != nil {
		return same(len(messages), err)
	}
	returned := s.returns.watch(messages)
	defer returned.forget()
	j := &job{
		ctx: ctx, messages: messages, written: make(chan struct{}),
		confirms: make([]*amqp.DeferredConfirmation, len(messages)), errs: make([]error, len(messages)),
	}
	select {
	case s.jobs <- j:
	case <-s.ended:
		return same(len(messages), errs.ErrUnavailable.Wrap(errEnded))
	case <-ctx.Done():
		return same(len(messages), late(ctx))
	}
	if err := p.wait(ctx, s, j.written); err != nil {
		return same(len(messages), err)
	}
	for i, confirm := range j.confirms {
		if j.errs[i] != nil {
			j.errs[i] = errs.ErrUnavailable.Wrap(j.errs[i])
			continue
		}
		j.errs[i] = p.confirmed(ctx, s, confirm)
	}
	s.returns.upToDate(s.ended)
	p.mark(s, j, returned)
	return j.errs
}

// wait waits for done, and returns why it won't come.
func (p *publisher) wait(ctx context.Context, s *publishing, done <-chan struct{}) error {
	for {
		_, blocked, changed := p.link.state()
		select {
		case <-done:
			return nil
		default:
		}
		if blocked != "" {
			return ErrBlocked.With("reason", blocked)
		}
		select {
		case <-done:
			return nil
		case <-s.ended:
			return errs.ErrUnavailable.Wrap(errNoConfirm)
		case <-ctx.Done():
			return late(ctx)
		case <-changed:
		}
	}
}

// confirmed waits for what the broker says of one message.
func (p *publisher) confirmed(ctx context.Context, s *publishing, confirm *amqp.DeferredConfirmation) error {
	err := p.wait(ctx, s, confirm.Done())
	switch {
	case err != nil:
		return err
	case confirm.Acked():
		return nil
	case s.channel.IsClosed(): // The client's way to say that it doesn't know.
		return errs.ErrUnavailable.Wrap(errNoConfirm)
	default:
		return event.ErrNacked
	}
}

// mark adds to a job's results which messages no queue took. One of those that
// should have been taken means that a queue has gone: it is declared again.
func (p *publisher) mark(s *publishing, j *job, returned *watch) {
	for i, m := range j.messages {
		if !returned.has(m.message.MessageId) {
			continue
		}
		j.errs[i] = event.ErrReturned.With("type", m.message.Type)
		if m.exchange == "" || p.names.bound(m.message.Type) {
			select {
			case s.stale <- struct{}{}:
			default: // Known.
			}
		}
	}
}

// late is the error of a context that ended before the broker's word.
func late(ctx context.Context) error {
	return errs.ErrTimeout.Wrap(fmt.Errorf("%w: %w", errNoConfirm, ctx.Err()))
}

func same(n int, err error) []error {
	list := make([]error, n)
	for i := range list {
		list[i] = err
	}
	return list
}

// sendOne publishes one message within a time.
func (p *publisher) sendOne(ctx context.Context, timeout time.Duration, m outgoing) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.send(ctx, []outgoing{m})[0]
}
