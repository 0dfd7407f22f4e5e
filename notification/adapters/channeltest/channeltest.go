// Package channeltest is the contract of ports.Channel as tests, the same for
// every way of reaching people.
package channeltest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"shop/kit/errs"
	"shop/notification/domain"
	"shop/notification/ports"
)

// Rig is a channel with the far end that it talks to. What a far end can't do is
// nil, and not tested.
type Rig struct {
	Channel  ports.Channel
	Received func(t *testing.T) []Receipt // What the far end has taken, oldest first.

	Refuse   func()                    // From now on the far end never takes a message.
	Postpone func()                    // It takes none for now.
	AskFor   func(pause time.Duration) // It takes none for now and says when to come back, in whole seconds.
	Hang     func()                    // It doesn't answer.
	Vanish   func()                    // It hangs up in the middle.
}

// Receipt is a message as the far end has got it. A channel that carries no
// contact data by design leaves Recipient empty.
type Receipt struct {
	Identity  string // By which the far end recognises a repetition.
	Recipient string
	Content   string // Everything a person reads.
}

// Message is what Run sends. Its texts want escaping everywhere.
func Message(recipient string) domain.Message {
	return domain.Message{
		ID: "0198a6f0-0000-7000-8000-000000000001.test", Event: domain.OrderCreated, OrderID: 7, UserID: 3,
		Recipient: recipient, Locale: domain.Vietnamese, Template: "order_created",
		Subject: "Xác nhận đơn hàng #7",
		Text:    "Xin chào,\n\nBàn phím <Cơ> & \"chuột\"\n.\nTổng cộng: 24.000.000\u00a0₫\n",
		HTML:    "<!DOCTYPE html>\n<p>Bàn phím &lt;Cơ&gt;</p>\n",
		Short:   "Đã nhận đơn hàng #7: Bàn phím <Cơ> & \"chuột\" × 2.",
		Trace:   "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
}

// Run tests the channel that open returns, with a far end that takes everything;
// a new one at each call. recipient is an address that the channel can reach.
func Run(t *testing.T, recipient string, open func(t *testing.T) Rig) {
	t.Run("hands a message over once", func(t *testing.T) {
		r := open(t)
		if err := r.Channel.Send(within(t, long), Message(recipient)); err != nil {
			t.Fatal(err)
		}
		got := r.Received(t)
		if len(got) != 1 {
			t.Fatalf("received %d messages, want 1", len(got))
		}
		if m := Message(recipient); !strings.Contains(got[0].Identity, m.ID) {
			t.Errorf("identity: got %q, want %q in it", got[0].Identity, m.ID)
		}
		if got[0].Recipient != recipient {
			t.Errorf("recipient: got %q, want %q", got[0].Recipient, recipient)
		}
		if !strings.Contains(got[0].Content, Message(recipient).Subject) && !strings.Contains(got[0].Content, Message(recipient).Short) {
			t.Errorf("content: got %q, want the subject or the short text in it", got[0].Content)
		}
	})
	t.Run("repeats a message under the same identity", func(t *testing.T) {
		r := open(t)
		other := Message(recipient)
		other.ID = "0198a6f0-0000-7000-8000-000000000002.test"
		for _, m := range []domain.Message{Message(recipient), Message(recipient), other} {
			if err := r.Channel.Send(within(t, long), m); err != nil {
				t.Fatal(err)
			}
		}
		got := r.Received(t)
		if len(got) != 3 || got[0].Identity != got[1].Identity || got[1].Identity == got[2].Identity {
			t.Errorf("received %+v, want two of one identity and one of another", got)
		}
	})
	t.Run("says that a refusal is for ever", func(t *testing.T) {
		r := open(t)
		fails(t, r, r.Refuse, recipient, func(err error) bool { return errors.Is(err, domain.ErrRejected) })
	})
	t.Run("says that it may work later", func(t *testing.T) {
		r := open(t)
		fails(t, r, r.Postpone, recipient, later)
	})
	t.Run("says when the receiver wants it again", func(t *testing.T) {
		r := open(t)
		if r.AskFor == nil {
			return // Its protocol has no word for it.
		}
		fails(t, r, func() { r.AskFor(90 * time.Second) }, recipient, func(err error) bool {
			return later(err) && errs.Of(err).RetryAfter == 90*time.Second
		})
	})
	t.Run("gives up a receiver that hangs up", func(t *testing.T) {
		r := open(t)
		fails(t, r, r.Vanish, recipient, later)
	})
	t.Run("gives up a receiver that hangs, at the deadline", func(t *testing.T) {
		r := open(t)
		if r.Hang == nil {
			return // It has no receiver.
		}
		r.Hang()
		start := time.Now()
		err := r.Channel.Send(within(t, short), Message(recipient))
		if !later(err) {
			t.Errorf("got %v, want ErrUndelivered", err)
		}
		if took := time.Since(start); took > short+time.Second {
			t.Errorf("took %v, want about %v", took, short)
		}
		tellsNothing(t, err, recipient)
	})
	t.Run("breaks off when it is told to", func(t *testing.T) {
		r := open(t)
		if r.Hang == nil {
			return // It is done at once.
		}
		r.Hang()
		ctx, cancel := context.WithCancel(within(t, long))
		time.AfterFunc(short, cancel)
		start := time.Now()
		if err := r.Channel.Send(ctx, Message(recipient)); err == nil {
			t.Error("got no error")
		}
		if took := time.Since(start); took > long/2 {
			t.Errorf("took %v, want about %v", took, short)
		}
	})
}

const (
	short = 100 * time.Millisecond
	long  = 10 * time.Second
)

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func later(err error) bool {
	return errors.Is(err, domain.ErrUndelivered)
}

// fails sends while the far end behaves badly.
func fails(t *testing.T, r Rig, badly func(), recipient string, want func(error) bool) {
	t.Helper()
	if badly == nil {
		return // The far end can't.
	}
	badly()
	err := r.Channel.Send(within(t, long), Message(recipient))
	if err == nil || !want(err) {
		t.Errorf("got %v", err)
	}
	if got := r.Received(t); len(got) != 0 {
		t.Errorf("received %+v, want nothing", got)
	}
	tellsNothing(t, err, recipient)
}

// tellsNothing checks that err, which goes into logs, has a reason and tells
// neither who the message is for nor what it says.
func tellsNothing(t *testing.T, err error, recipient string) {
	t.Helper()
	if err == nil {
		return
	}
	if reason, _ := errs.Of(err).Params["reason"].(string); reason == "" {
		t.Errorf("no reason in %v", err)
	}
	for _, secret := range []string{recipient, Message("").Short, "Bàn phím", "Authorization"} {
		if secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}
