package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"shop/kit/testkit/engine"
)

// patience is how long anything may take that is no promise; nothing waits that
// long where all is well.
const patience = 60 * time.Second

// margin is how many times longer than promised something may take before a test
// fails: tests run on machines that do other things too. The figures themselves
// are printed.
const margin = 5

// stage is what all promises are played on: engines, programs, the form and the
// report.
type stage struct {
	form     form
	report   *report
	programs string // The directory of the services' and the shop's commands.
	postgres *engine.Server
	redis    *engine.Server
	rabbit   *engine.Server
	shops    int // Opened so far.
}

// newStage builds the programs and starts the engines, all at once.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{form: formOf(os.Getenv("CHAOS")), report: &report{}, programs: t.TempDir()}
	var (
		work   sync.WaitGroup
		failed = make([]error, 4)
	)
	work.Go(func() { failed[0] = build(t.Context(), s.programs) })
	for i, e := range []struct {
		name   string
		start  func(context.Context, engine.Options) (*engine.Server, error)
		server **engine.Server
	}{
		{"postgres", engine.StartPostgres, &s.postgres},
		{"redis", engine.StartRedis, &s.redis},
		{"rabbitmq", engine.StartRabbitMQ, &s.rabbit},
	} {
		dir := filepath.Join(t.TempDir(), e.name)
		work.Go(func() {
			server, err := e.start(t.Context(), engine.Options{Dir: dir})
			*e.server, failed[1+i] = server, err
		})
	}
	work.Wait()
	t.Cleanup(s.stop)
	for _, err := range failed {
		if err != nil {
			t.Error(err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return s
}

// stop ends the engines. What they hold is thrown away, so nothing is lost by
// killing them.
func (s *stage) stop() {
	for _, e := range []*engine.Server{s.postgres, s.redis, s.rabbit} {
		if e != nil {
			_ = e.Kill()
		}
	}
}

// build makes the commands of the services and of the shop in dir.
func build(ctx context.Context, dir string) error {
	out, err := exec.CommandContext(ctx, "go", "build", "-o", dir+"/",
		"shop/user/cmd/user", "shop/product/cmd/product", "shop/order/cmd/order", "shop/notification/cmd/notification", "shop/shop").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the commands: %w\n%s", err, out)
	}
	return nil
}

// The ports of a shop: replica r of service n listens on base + 10r + n, its admin
// port is operator.PortDistance above, so that the shop's commands find it.
const replicaDistance = 10
