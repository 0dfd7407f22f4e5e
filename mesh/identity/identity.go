// Package identity is what a workload of the mesh shows to the others: its SPIFFE
// name, and the directory with its certificate, key and the roots it trusts, in
// the layout of Kubernetes' secret volumes. It needs the standard library only.
package identity

import (
	"fmt"
	"regexp"
)

// TrustDomain is the SPIFFE trust domain of the mesh.
const TrustDomain = "shop.local"

// Files of an identity's directory, PEM each.
const (
	CertFile = "tls.crt" // The leaf.
	KeyFile  = "tls.key" // Its private key.
	CAFile   = "ca.crt"  // The roots to trust: two while one takes the other's place.
)

// name is what may become a directory, a DNS label and a part of a URI.
var name = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// URI returns the SPIFFE id of the workload called name.
func URI(name string) string { return "spiffe://" + TrustDomain + "/ns/default/sa/" + name }

// CheckName says what is wrong with the name of a workload: it must be a DNS
// label in lower case.
func CheckName(workload string) error {
	if !name.MatchString(workload) {
		return fmt.Errorf("%q is no name of a workload: lower-case letters, digits and -, at most 63", workload)
	}
	return nil
}
