// The schemas of what production asks of other projects' controllers: each is in the
// module of its project. Nothing of them is compiled; `go mod download` brings them.
module shop/deploy/kubernetes/crds

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/cloudnative-pg/cloudnative-pg v1.28.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/rabbitmq/cluster-operator/v2 v2.16.0
	sigs.k8s.io/gateway-api v1.6.0
)
