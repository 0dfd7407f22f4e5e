// Package deploy is where the shop runs: in Compose on one machine, in Kubernetes
// on many. Both are plain files that their own tools read as they are: ../Dockerfile,
// ../docker-compose.yml and kubernetes/. This module's tests hold them against each
// other, against the policy of the mesh and against what Prometheus looks for, and
// with the build tags compose and kube start them for real.
package deploy
