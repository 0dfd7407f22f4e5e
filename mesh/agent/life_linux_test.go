package agent_test

import (
	"fmt"
	"syscall"
	"testing"

	"shop/kit/testkit"
)

func TestNothingOutlivesAnAgentThatIsKilled(t *testing.T) {
	p := run(t, nil)
	p.signal(syscall.SIGKILL)
	<-p.ended
	for _, name := range []string{"envoy_pid", "service_pid"} {
		pid := p.pid(name)
		testkit.Eventually(t, patience, func() error {
			if syscall.Kill(pid, 0) == nil {
				return fmt.Errorf("%d runs on", pid)
			}
			return nil
		}, name, "ends")
	}
}
