package main

import (
	"testing"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
	"shop/mesh/policy"
)

// TestEveryServiceIsRestartedReplicaAfterReplicaAndNobodyNotices: each service runs
// twice behind its agents, with applications that call each other as the policy
// says. The public writes all the time, which is never tried again once it
// has reached an application; then the first replicas of all services are
// restarted, and then the second ones.
func TestEveryServiceIsRestartedReplicaAfterReplicaAndNobodyNotices(t *testing.T) {
	t.Parallel()
	const perSecond = 100
	binary := build(t)
	m := meshtest.New(t, meshtest.Policy(t))
	services := m.Policy.Names()
	seconds := map[string]string{}
	for _, name := range services {
		seconds[name] = m.Replica(name)
	}
	var rounds [2][]*replica
	var calls []call
	for _, name := range services {
		rounds[0] = append(rounds[0], newReplica(binary, m, name, m.Places[name]))
		rounds[1] = append(rounds[1], newReplica(binary, m, name, m.Places[seconds[name]]))
		calls = append(calls, call{"POST", "http://" + m.Public(name) + "/anything"})
	}
	for _, round := range rounds {
		for _, r := range round {
			r.launch(t)
		}
	}
	m.Start(policy.EdgeName)
	complete := func() {
		t.Helper()
		for _, name := range services {
			testkit.Eventually(t, patience, func() bool { return m.Envoys[policy.EdgeName].Stat("cluster."+name+".membership_healthy") == 2 },
				"the edge sees both of", name)
		}
	}
	complete()

	load := startLoad(t, perSecond/len(calls), calls...)
	for _, round := range rounds {
		load.reaches(t, round...)
		for _, r := range round {
			r.terminate(t)
		}
		for _, r := range round {
			r.ends(t)
		}
		load.proceed(t, perSecond) // By the others alone.
		for _, r := range round {
			r.launch(t)
		}
		load.reaches(t, round...)
		complete()
	}
	load.proceed(t, perSecond)
	load.verdict(t, "every replica of every service restarted")
}
