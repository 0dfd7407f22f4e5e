package compose_test

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestWhatRunsHasAHealthCheck(t *testing.T) {
	p := running(load(t, nil))
	for _, name := range names(p) {
		s := p.Services[name]
		if oneShot(s) {
			if s.HealthCheck != nil {
				t.Errorf("%s ends, and has a health check", name)
			}
			continue
		}
		if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) == 0 {
			t.Errorf("%s has no health check", name)
			continue
		}
		if s.HealthCheck.Interval == nil || s.HealthCheck.Timeout == nil || s.HealthCheck.Retries == nil || *s.HealthCheck.Timeout > *s.HealthCheck.Interval {
			t.Errorf("%s: a check may take longer than the time to the next", name)
		}
		if s.Restart != types.RestartPolicyUnlessStopped {
			t.Errorf("%s is not started again", name)
		}
	}
}

// What waits for its own database, broker and certificates starts when they are
// there, and --wait knows that a one-shot was meant to end.
func TestPartsStartWhenWhatTheyNeedIsHealthy(t *testing.T) {
	p := running(load(t, nil))
	waitedFor := map[string]bool{}
	for _, name := range names(p) {
		for other, d := range p.Services[name].DependsOn {
			waitedFor[other] = true
			want := types.ServiceConditionHealthy
			if oneShot(p.Services[other]) {
				want = types.ServiceConditionCompletedSuccessfully
			}
			if d.Condition != want {
				t.Errorf("%s waits for %s to be %s, want %s", name, other, d.Condition, want)
			}
		}
	}
	for _, name := range names(p) {
		if oneShot(p.Services[name]) && !waitedFor[name] {
			t.Errorf("nobody waits for %s, so --wait fails when it ends", name)
		}
	}
	for _, name := range names(p) {
		s := p.Services[name]
		paths, _ := volumes(s)
		for volume := range paths {
			if _, waits := s.DependsOn["secrets"]; strings.HasPrefix(volume, "secrets-") && name != "secrets" && !waits {
				t.Errorf("%s reads secrets, and does not wait for them", name)
			}
			if _, waits := s.DependsOn["mesh-ca"]; strings.HasPrefix(volume, "certs-") && name != "mesh-ca" && !waits {
				t.Errorf("%s needs a certificate, and does not wait for it", name)
			}
		}
	}
}

// The agent may drain for 5 s and its service end for 12; Docker kills after 10
// unless it is told.
func TestServicesMayEndInPeace(t *testing.T) {
	const least = 20e9 // ns
	p := load(t, nil)
	for _, name := range append([]string{"edge", "rabbitmq", "postgres-order"}, services...) {
		if grace := p.Services[name].StopGracePeriod; grace == nil || *grace < least {
			t.Errorf("%s is killed too soon: %v", name, grace)
		}
	}
}
