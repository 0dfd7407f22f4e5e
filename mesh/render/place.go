package render

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"shop/mesh/policy"
)

// Place says where everything is that one workload's Envoy works with. An
// address is host:port with an IP address, for callees also with a DNS name.
type Place struct {
	Config string // The directory that Envoy reads its files from. Absolute.
	Certs  string // The directory with the workload's tls.crt, tls.key and ca.crt. Absolute.
	Admin  string // Envoy's own interface: host:port on loopback, or the absolute path of a Unix socket.
	Stats  string // Where Prometheus reads figures (GET /stats/prometheus) and Kubernetes asks (GET /ready); "" = nowhere.

	// Callees are the sidecars of whom the workload calls, by service: one
	// "name:port", whose addresses are found by DNS again and again, or the
	// addresses of all replicas.
	Callees map[string][]string
	DNS     string // The server that is asked for those names, as they are, by an IP address and a port; "" = the system's, by the system's rules.

	App     string            // A service's application, on loopback.
	Inbound string            // Where a service's sidecar takes calls from the mesh.
	Egress  map[string]string // Where a service calls its callees, on loopback.

	Public      map[string]string // Where the edge listens for each service.
	PublicCerts string            // The directory with tls.crt and tls.key of the edge's public side; "" = plain HTTP.

	OTLP      string // host:port of a collector that takes OTLP over gRPC; "" = nothing is traced.
	AccessLog string // A file; "" = standard output.
}

// Directories and the socket of a container that plays a pod.
const (
	ConfigDir   = "/etc/mesh"
	CertsDir    = "/certs"
	AdminSocket = "/run/mesh/admin.sock"
)

// Container returns the place of workload in Compose and in Kubernetes, where a
// service's replicas are found by its name.
func Container(p *policy.Policy, workload string) Place {
	everywhere := func(port int) string { return net.JoinHostPort("0.0.0.0", strconv.Itoa(port)) }
	at := Place{
		Config: ConfigDir, Certs: CertsDir, Admin: AdminSocket, Stats: everywhere(p.Sidecar.Stats),
		Callees: map[string][]string{},
	}
	for _, callee := range p.Callees(workload) {
		at.Callees[callee] = []string{net.JoinHostPort(callee, strconv.Itoa(p.Sidecar.Inbound))}
	}
	if workload == policy.EdgeName {
		at.Public = map[string]string{}
		for _, name := range p.Names() {
			at.Public[name] = everywhere(p.Services[name].Public)
		}
		return at
	}
	at.App = loopback(p.Services[workload].Port)
	at.Inbound = everywhere(p.Sidecar.Inbound)
	at.Egress = map[string]string{}
	for _, callee := range p.Callees(workload) {
		at.Egress[callee] = loopback(p.Services[callee].Egress)
	}
	return at
}

// Machine returns the places of all workloads, by name, on the loopback of one
// machine: each has the directories <dir>/<workload>/config and
// <dir>/<workload>/certs, a socket for its Envoy's own interface beside them
// (a port, where dir is too long for that), and ports of its own. The edge has
// the public ports of the policy; all others come from free.
func Machine(p *policy.Policy, dir string, free func() (int, error)) (map[string]Place, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	var failed error
	port := func() string {
		n, err := free()
		failed = errors.Join(failed, err)
		return loopback(n)
	}
	inbound := map[string]string{}
	for _, name := range p.Names() {
		inbound[name] = port()
	}
	places := map[string]Place{}
	for _, workload := range p.Workloads() {
		home := filepath.Join(dir, workload)
		at := Place{
			Config: filepath.Join(home, "config"), Certs: filepath.Join(home, "certs"),
			Admin: filepath.Join(home, "admin.sock"), Stats: port(),
			Callees: map[string][]string{},
		}
		if len(at.Admin) > maxSocket {
			at.Admin = port()
		}
		for _, callee := range p.Callees(workload) {
			at.Callees[callee] = []string{inbound[callee]}
		}
		if workload == policy.EdgeName {
			at.Public = map[string]string{}
			for _, name := range p.Names() {
				at.Public[name] = loopback(p.Services[name].Public)
			}
		} else {
			at.App, at.Inbound, at.Egress = port(), inbound[workload], map[string]string{}
			for _, callee := range p.Callees(workload) {
				at.Egress[callee] = port()
			}
		}
		places[workload] = at
	}
	return places, failed
}

// maxSocket is the longest path of a Unix socket in bytes (unix(7): 108 with the
// NUL at its end).
const maxSocket = 107

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// check says what is missing or wrong in the place of workload.
func (at Place) check(p *policy.Policy, workload string) error {
	var failed []error
	wrong := func(field, rule string) {
		failed = append(failed, fmt.Errorf("place of %s: %s %s", workload, field, rule))
	}
	address := func(field, addr string) {
		if _, err := netip.ParseAddrPort(addr); err != nil {
			wrong(field, fmt.Sprintf("must be an IP address and a port, not %q", addr))
		}
	}
	for field, dir := range map[string]string{"Config": at.Config, "Certs": at.Certs, "PublicCerts": cmp.Or(at.PublicCerts, "/")} {
		if !filepath.IsAbs(dir) {
			wrong(field, fmt.Sprintf("must be an absolute path, not %q", dir))
		}
	}
	switch {
	case !strings.HasPrefix(at.Admin, "/"):
		if a, err := netip.ParseAddrPort(at.Admin); err != nil || !a.Addr().IsLoopback() {
			wrong("Admin", fmt.Sprintf("must be on loopback, or the path of a socket, not %q", at.Admin))
		}
	case len(at.Admin) > maxSocket:
		wrong("Admin", fmt.Sprintf("is longer than a socket's path may be: %s", at.Admin))
	}
	if at.Stats != "" {
		address("Stats", at.Stats)
	}
	for _, callee := range p.Callees(workload) {
		if _, _, err := hosts(at.Callees[callee]); err != nil {
			wrong("Callees["+callee+"]", err.Error())
		}
	}
	if at.DNS != "" {
		address("DNS", at.DNS)
	}
	if at.OTLP != "" {
		if _, _, err := hosts([]string{at.OTLP}); err != nil {
			wrong("OTLP", err.Error())
		}
	}
	if workload == policy.EdgeName {
		for _, name := range p.Names() {
			address("Public["+name+"]", at.Public[name])
		}
		return errors.Join(failed...)
	}
	address("App", at.App)
	address("Inbound", at.Inbound)
	for _, callee := range p.Callees(workload) {
		address("Egress["+callee+"]", at.Egress[callee])
	}
	return errors.Join(failed...)
}

// endpoint is one host:port in parts.
type endpoint struct {
	host string
	port uint32
}

// hosts returns the endpoints of addresses, and whether they are one DNS name.
func hosts(addresses []string) (list []endpoint, dns bool, err error) {
	if len(addresses) == 0 {
		return nil, false, errors.New("has no address")
	}
	for _, address := range addresses {
		host, text, err := net.SplitHostPort(address)
		if err != nil {
			return nil, false, fmt.Errorf("must be host:port, not %q", address)
		}
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 || host == "" {
			return nil, false, fmt.Errorf("must be host:port, not %q", address)
		}
		if _, err := netip.ParseAddr(host); err != nil {
			if len(addresses) > 1 {
				return nil, false, errors.New("must be one DNS name or IP addresses only")
			}
			dns = true
		}
		list = append(list, endpoint{host, uint32(port)})
	}
	return list, dns, nil
}
