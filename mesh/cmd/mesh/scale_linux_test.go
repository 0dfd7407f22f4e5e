package main

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
	"shop/mesh/policy"
)

// scaled is product with replicas that come and go, found by name at addresses of
// their own and one port, as in Compose; who calls it is the edge and order.
type scaled struct {
	t        *testing.T
	mesh     *meshtest.Mesh
	names    *meshtest.DNS
	replicas []*replica
	callers  []string
}

// scale returns product with room for n replicas.
func scale(t *testing.T, n int) *scaled {
	t.Helper()
	s := &scaled{t: t, mesh: meshtest.New(t, meshtest.Policy(t)), names: meshtest.NewDNS(t), callers: []string{"order", policy.EdgeName}}
	binary := build(t)
	_, port, err := net.SplitHostPort(s.mesh.Places["product"].Inbound)
	must(t, err)
	for i := range n {
		at := meshtest.Places(t, s.mesh.Policy)["product"]
		at.Inbound = fmt.Sprintf("127.0.0.%d:%s", i+2, port) // Linux has all of 127/8.
		s.mesh.Roots.Give(at.Certs, s.mesh.Policy.Identity("product"))
		s.replicas = append(s.replicas, &replica{binary: binary, workload: "product", at: at})
	}
	for _, caller := range s.callers {
		at := s.mesh.Places[caller]
		at.DNS, at.Callees["product"] = s.names.Addr, []string{"product:" + port}
		s.mesh.Places[caller] = at
	}
	return s
}

// name lets DNS name these replicas.
func (s *scaled) name(replicas ...*replica) {
	s.t.Helper()
	var addresses []string
	for _, r := range replicas {
		host, _, err := net.SplitHostPort(r.at.Inbound)
		must(s.t, err)
		addresses = append(addresses, host)
	}
	s.names.Set("product", addresses...)
}

// seen waits until the callers have found so many replicas, and that so many are
// ready.
func (s *scaled) seen(found, ready int) {
	s.t.Helper()
	for _, caller := range s.callers {
		e := s.mesh.Envoys[caller]
		testkit.Eventually(s.t, patience, func() error {
			has, of := e.Stat("cluster.product.membership_healthy"), e.Stat("cluster.product.membership_total")
			if has != ready || of != found {
				return fmt.Errorf("%s sees %d of %d, want %d of %d", caller, has, of, ready, found)
			}
			return nil
		}, "replicas")
	}
}

// grow starts replicas and lets DNS name all, before they serve or once they do.
func (s *scaled) grow(namedFirst bool, replicas ...*replica) {
	s.t.Helper()
	if namedFirst {
		s.name(s.replicas...)
		s.seen(len(s.replicas), len(s.replicas)-len(replicas))
	}
	for _, r := range replicas {
		r.launch(s.t)
	}
	for _, r := range replicas {
		r.serves(s.t)
	}
	s.name(s.replicas...)
	s.seen(len(s.replicas), len(s.replicas))
}

// TestAServiceIsScaledUpAndDownAndNobodyNotices: product has one replica, three and
// one again, twice, while the public reads and writes and order calls it. Once
// DNS names a replica before it serves and until it has ended, as Docker's does;
// once it names one that serves, and forgets it before it is asked to end.
func TestAServiceIsScaledUpAndDownAndNobodyNotices(t *testing.T) {
	t.Parallel()
	s := scale(t, 3)
	one, others := s.replicas[0], s.replicas[1:]
	one.launch(t)
	one.serves(t)
	s.name(one)
	s.mesh.Start(s.callers...)
	s.seen(1, 1)
	public, egress := "http://"+s.mesh.Public("product"), "http://"+s.mesh.Places["order"].Egress["product"]
	load := startLoad(t, 50, call{"GET", public + "/products"}, call{"POST", public + "/products"}, call{"POST", egress + "/internal/reservations"})
	for _, ahead := range []bool{true, false} {
		s.grow(ahead, others...)
		load.reaches(t, s.replicas...)
		if !ahead {
			s.name(one)
		}
		for _, r := range others {
			r.terminate(t)
		}
		for _, r := range others {
			r.ends(t)
		}
		load.proceed(t, 100)
		s.name(one)
		s.seen(1, 1)
		load.proceed(t, 100)
	}
	load.verdict(t, "product scaled 1→3→1 twice")
}

// TestAReplicaThatDNSStillNamesIsKilledAndNoReadFails, nor a call that is safe to
// repeat; nor does one fail while DNS has no answer.
func TestAReplicaThatDNSStillNamesIsKilledAndNoReadFails(t *testing.T) {
	t.Parallel()
	s := scale(t, 3)
	s.name(s.replicas...)
	for _, r := range s.replicas {
		r.launch(t)
	}
	s.mesh.Start(s.callers...)
	s.seen(3, 3)
	public, egress := "http://"+s.mesh.Public("product"), "http://"+s.mesh.Places["order"].Egress["product"]
	load := startLoad(t, 100, call{"GET", public + "/products"}, call{"POST", egress + "/internal/reservations"})
	load.reaches(t, s.replicas...)
	s.replicas[1].kill(t)
	load.proceed(t, 200)
	s.seen(3, 2) // DNS names it still.
	load.proceed(t, 200)
	s.name(slices.Delete(slices.Clone(s.replicas), 1, 2)...)
	s.seen(2, 2)
	s.names.Break()
	for _, caller := range s.callers {
		testkit.Eventually(t, patience, func() bool { return s.mesh.Envoys[caller].Stat("cluster.product.update_failure") > 0 }, caller, "asks DNS in vain")
	}
	load.proceed(t, 100)
	s.seen(2, 2) // The last that DNS said.
	s.names.Mend()
	s.name(s.replicas[0])
	s.seen(1, 1)
	load.proceed(t, 100)
	load.verdict(t, "one of three replicas killed, and DNS broken for a while")
}
