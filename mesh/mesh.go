// Package mesh holds the policy of the mesh as it is in this repository.
package mesh

import _ "embed" // For the policy.

// Policy is mesh.yaml, for policy.Parse.
//
//go:embed mesh.yaml
var Policy []byte

// PolicyName is what Policy is called in messages about it.
const PolicyName = "mesh.yaml"
