// Package kubernetes is the shop for Kubernetes: a base, an overlay that brings its
// own engines to a small cluster, one that asks operators for them, and the tests
// that hold them to docker-compose.yml, mesh.yaml and the schemas.
package kubernetes
