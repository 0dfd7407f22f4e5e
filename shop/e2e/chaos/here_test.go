package chaos

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shop/kit/config"
	"shop/kit/service"
	"shop/notification"
	"shop/order"
	"shop/product"
	"shop/user"
)

// runHere runs one replica of each service in this process, by the clock of the
// layout: a process of its own has no clock but the machine's. The user service
// keeps to that one: a token from the future is no token, so buyers would have to
// log in again after every step back.
func (p *shop) runHere(t *testing.T, l layout) {
	t.Helper()
	instances := []*service.Instance{
		here(t, p, 0, user.Spec(), l, nil),
		here(t, p, 1, product.Spec(), l, l.now),
		here(t, p, 2, order.Spec(), l, l.now),
		here(t, p, 3, notification.Spec(), l, l.now),
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- service.Run(ctx, func() { close(ready) }, instances...) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the services did not stop cleanly: %v", err)
			}
		case <-time.After(patience):
			t.Errorf("the services did not stop within %s", patience)
		}
	})
	select {
	case <-ready:
	case <-time.After(patience):
		t.Fatalf("the services did not start within %s", patience)
	}
}

func here[C service.Settings](t *testing.T, p *shop, n int, spec service.Spec[C], l layout, now func() time.Time) *service.Instance {
	t.Helper()
	environ := p.environ(spec.Name, spec.Name+"-1", p.portOf(n, 0))
	maps.Copy(environ, l.settings)
	cfg, err := config.Load[C](config.Defaults(spec.Defaults), config.Environ(environ))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s said at last:\n%s", spec.Name, lastWords(log.Name()))
		}
		_ = log.Close()
	})
	instance, err := spec.Build(t.Context(), cfg, service.Parts{Now: now, LogWriter: log})
	if err != nil {
		t.Fatal(err)
	}
	return instance
}
