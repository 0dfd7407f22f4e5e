package agent

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// signals are what the process is told.
type signals struct {
	stopping context.Context // Ends with the first SIGTERM or SIGINT,
	hurry    context.Context // and this one with the second.

	first   atomic.Int32
	service atomic.Pointer[child] // Gets all others.
	close   func()
}

// forwarded are signals that mean something to a service, if anything. (SIGTERM
// is not among them: the service gets it after the drain.)
var forwarded = []os.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH}

// listen takes the signals of the process until closed. The context is that of
// stopping.
func (a *Agent) listen(ctx context.Context) (context.Context, *signals) {
	const buffered = 16
	c := make(chan os.Signal, buffered)
	signal.Notify(c, append([]os.Signal{syscall.SIGTERM, syscall.SIGINT}, forwarded...)...)
	s := &signals{}
	var stop, hurry context.CancelFunc
	s.stopping, stop = context.WithCancel(ctx)
	s.hurry, hurry = context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for got := range c {
			number, ok := got.(syscall.Signal)
			switch {
			case !ok:
			case number != syscall.SIGTERM && number != syscall.SIGINT:
				if service := s.service.Load(); service != nil {
					service.signal(number)
				}
			case s.first.CompareAndSwap(0, int32(number)):
				stop()
			default:
				a.o.Log.Warn("a second signal: no more waiting", "signal", number.String())
				hurry()
			}
		}
	}()
	s.close = func() {
		signal.Stop(c)
		close(c)
		<-done
		stop()
		hurry()
	}
	return s.stopping, s
}

// to makes c the one that gets the forwarded signals.
func (s *signals) to(c *child) { s.service.Store(c) }

// number is the signal that stopped the agent, SIGTERM if it was something else.
func (s *signals) number() int {
	if n := s.first.Load(); n != 0 {
		return int(n)
	}
	return int(syscall.SIGTERM)
}
