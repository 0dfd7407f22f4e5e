package http

import (
	"net/http"
	"net/netip"
	"strings"

	"shop/user/domain"
)

// externalAddress is where the edge of the mesh writes the address of the client.
// Anyone else can write there too, so it counts only behind a sidecar, which lets
// nobody else in.
const externalAddress = "X-Envoy-External-Address"

// address returns where a request comes from. X-Forwarded-For is never looked at:
// clients fill it as they like.
func (d decoder) address(r *http.Request) domain.Address {
	if d.Mesh {
		if values := r.Header[externalAddress]; len(values) > 0 {
			hops := strings.Split(values[len(values)-1], ",")
			if ip, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])); err == nil {
				return domain.NewAddress(ip)
			}
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // A socket without addresses.
		return domain.Address{}
	}
	return domain.NewAddress(peer.Addr())
}
