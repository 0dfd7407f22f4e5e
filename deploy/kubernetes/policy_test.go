package kubernetes_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"shop/mesh"
	"shop/mesh/policy"
)

// meshPolicy returns mesh.yaml, with what the overlay puts over it for the edge.
func meshPolicy(t *testing.T, over ...policy.Source) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(mesh.PolicyName, mesh.Policy, over...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestThePolicyIsMeshYAML: the ConfigMap that the agents read is the file itself.
func TestThePolicyIsMeshYAML(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		if got := all[corev1.ConfigMap](t, overlay, "ConfigMap")["mesh"].Data["mesh.yaml"]; got != string(mesh.Policy) {
			t.Error("the ConfigMap mesh is not mesh.yaml")
		}
	})
}

// reaches tells whether NetworkPolicies let the pods of one name open connections to
// a port of those of another: out of the one and into the other.
func reaches(t *testing.T, overlay, from, to string, port int) bool {
	t.Helper()
	a, b := find(t, overlay, from).template, find(t, overlay, to).template
	out, in := false, false
	for _, p := range all[networkingv1.NetworkPolicy](t, overlay, "NetworkPolicy") {
		if matches(t, &p.Spec.PodSelector, a.Labels) {
			for _, rule := range p.Spec.Egress {
				out = out || allowed(t, rule.To, rule.Ports, b, b, port)
			}
		}
		if matches(t, &p.Spec.PodSelector, b.Labels) {
			for _, rule := range p.Spec.Ingress {
				in = in || allowed(t, rule.From, rule.Ports, a, b, port)
			}
		}
	}
	return out && in
}

func matches(t *testing.T, s *metav1.LabelSelector, set map[string]string) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(set))
}

// allowed tells whether a rule names peer and the port of the pod called.
func allowed(t *testing.T, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, peer, called corev1.PodTemplateSpec, port int) bool {
	t.Helper()
	anybody := len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		return p.NamespaceSelector == nil && p.PodSelector != nil && matches(t, p.PodSelector, peer.Labels)
	})
	return anybody && (len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		if p.Port.Type == intstr.Int {
			return p.Port.IntValue() == port
		}
		for _, c := range slices.Concat(called.Spec.InitContainers, called.Spec.Containers) {
			for _, own := range c.Ports {
				if own.Name == p.Port.StrVal && int(own.ContainerPort) == port {
					return true
				}
			}
		}
		return false
	}))
}

// TestTheNetworkIsThePolicy: who may call whom in mesh.yaml may reach the other's
// sidecar, and nobody else may.
func TestTheNetworkIsThePolicy(t *testing.T) {
	p := meshPolicy(t)
	eachOverlay(t, func(t *testing.T, overlay string) {
		for _, caller := range append([]string{"edge", "jaeger", "redis"}, services...) {
			for _, callee := range services {
				want := caller == "edge" || slices.Contains(services, caller) && slices.Contains(p.Callees(caller), callee)
				if got := reaches(t, overlay, caller, callee, p.Sidecar.Inbound); got != want {
					t.Errorf("%s reaches %s: %t, want %t", caller, callee, got, want)
				}
				if caller != callee && reaches(t, overlay, caller, callee, p.Services[callee].Port) {
					t.Errorf("%s reaches %s past its sidecar", caller, callee)
				}
			}
		}
	})
}

// TestEnginesAreTheirOwnersAlone: as the networks of Compose have it.
func TestEnginesAreTheirOwnersAlone(t *testing.T) {
	owners := map[string][]string{"redis": {"product", "redis"}, "rabbitmq": {"product", "order", "notification"}}
	ports := map[string]int{"redis": 6379, "rabbitmq": 5672}
	for _, name := range services {
		owners["postgres-"+name], ports["postgres-"+name] = []string{name}, 5432
	}
	pods := slices.Concat(services, []string{"edge", "jaeger", "grafana", "mailpit", "mesh-ca", "redis", "rabbitmq"})
	for engine, owner := range owners {
		for _, from := range pods {
			if got, want := reaches(t, "local", from, engine, ports[engine]), slices.Contains(owner, from); got != want {
				t.Errorf("%s reaches %s: %t, want %t", from, engine, got, want)
			}
		}
	}
}

// TestNobodyIsReachedByDefault: there is a policy for every pod that allows nothing.
func TestNobodyIsReachedByDefault(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		p := all[networkingv1.NetworkPolicy](t, overlay, "NetworkPolicy")["nobody"]
		if len(p.Spec.PodSelector.MatchLabels) > 0 || len(p.Spec.PolicyTypes) != 2 || len(p.Spec.Ingress) > 0 || len(p.Spec.Egress) > 0 {
			t.Errorf("the default is %+v", p.Spec)
		}
	})
}

// TestPrometheusReachesEveryFigure: a target that the network refuses would be down.
func TestPrometheusReachesEveryFigure(t *testing.T) {
	for pod, port := range map[string]int{
		"user": 9001, "product": 9002, "order": 9003, "notification": 9004, "edge": 15090, "mesh-ca": 15092,
		"rabbitmq": 15692, "redis": 9121, "postgres-user": 9187, "jaeger": 8888,
	} {
		if !reaches(t, "local", "prometheus", pod, port) {
			t.Errorf("Prometheus does not reach %s at %d", pod, port)
		}
	}
}

// TestCertificatesAreThoseOfThePolicy: cert-manager gives each workload the identity
// of mesh.yaml, in the Secret that the workload mounts.
func TestCertificatesAreThoseOfThePolicy(t *testing.T) {
	p := meshPolicy(t)
	identities := map[string]string{"edge": p.Edge.Identity}
	for name, s := range p.Services {
		identities[name] = s.Identity
	}
	got := map[string]string{}
	for _, o := range render(t, "production") {
		spec, _ := o.Object["spec"].(map[string]any)
		if uris, ok := spec["uris"].([]any); ok && o.GetKind() == "Certificate" {
			got[o.GetName()] = strings.Trim(fmt.Sprint(uris), "[]")
			if want := o.GetName() + "-mesh"; spec["secretName"] != want {
				t.Errorf("%s goes to %v, want %s", o, spec["secretName"], want)
			}
		}
	}
	if !maps.Equal(got, identities) {
		t.Errorf("certificates are %v, the policy's identities %v", got, identities)
	}
	for name := range identities {
		pod := find(t, "production", name)
		if !slices.ContainsFunc(pod.template.Spec.Volumes, func(v corev1.Volume) bool {
			return v.Name == "certificates" && v.Secret != nil && v.Secret.SecretName == name+"-mesh"
		}) {
			t.Errorf("%s does not mount its certificate", name)
		}
	}
}

// TestPortsAreThoseOfThePolicy: of the sidecars, and of the edge's Service.
func TestPortsAreThoseOfThePolicy(t *testing.T) {
	p := meshPolicy(t)
	eachOverlay(t, func(t *testing.T, overlay string) {
		list := all[corev1.Service](t, overlay, "Service")
		for i, name := range services {
			want := map[string]int32{"mesh": int32(p.Sidecar.Inbound), "envoy-stats": int32(p.Sidecar.Stats), "mesh-agent": 15091, "metrics": int32(9001 + i)}
			got := map[string]int32{}
			for _, port := range list[name].Spec.Ports {
				got[port.Name] = port.Port
			}
			if !maps.Equal(got, want) {
				t.Errorf("%s has the ports %v, want %v", name, got, want)
			}
			if list[name].Spec.ClusterIP != corev1.ClusterIPNone {
				t.Errorf("%s is not headless: Envoys would see one replica", name)
			}
			if port := list["edge"].Spec.Ports[i]; port.Name != name || int(port.Port) != p.Services[name].Public {
				t.Errorf("the edge has %s at %d", port.Name, port.Port)
			}
		}
	})
}

// TestTheEdgeBehindAGatewayBelievesItsClientsAddress: and strips all else as ever.
func TestTheEdgeBehindAGatewayBelievesItsClientsAddress(t *testing.T) {
	path := filepath.Join("overlays", "production", "gateway-policy.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, plain := meshPolicy(t, policy.Source{Name: path, Text: text}).Edge, meshPolicy(t).Edge
	want := slices.DeleteFunc(slices.Clone(plain.Strip), func(h string) bool { return h == "x-forwarded-for" })
	if got.TrustedHops != 1 || !slices.Equal(got.Strip, want) {
		t.Errorf("%d hops are trusted, %v is stripped, want 1 and %v", got.TrustedHops, got.Strip, want)
	}
}

// TestProductionTrustsOnlyItsOwnEngines: everybody who speaks with PostgreSQL or
// RabbitMQ in production wants a certificate of the authority of that server.
func TestProductionTrustsOnlyItsOwnEngines(t *testing.T) {
	const (
		databaseCA = "/run/secrets/database_ca.crt"
		brokerCA   = "/run/secrets/rabbitmq_ca.crt"
	)
	for _, name := range services {
		server := "postgres-" + name
		for _, who := range []struct{ workload, container string }{{name, "service"}, {"migrate-" + name, "migrate"}} {
			w := find(t, "production", who.workload)
			set := environment(w.container(t, who.container))
			if got := set["DATABASE_CA_FILE"]; got != databaseCA || secretOf(w, databaseCA) != server+"-ca" {
				t.Errorf("%s trusts its database by %q of secret %q", w, got, secretOf(w, got))
			}
			if strings.HasPrefix(who.workload, "migrate-") || name == "user" {
				continue
			}
			if set["RABBITMQ_TLS"] != "True" || set["RABBITMQ_CA_FILE"] != brokerCA || secretOf(w, brokerCA) != "rabbitmq-tls" {
				t.Errorf("%s trusts any broker: %v", w, set)
			}
		}
		exporter := find(t, "production", "postgres-exporter-"+name)
		uri := environment(exporter.container(t, "exporter"))["DATA_SOURCE_URI"]
		if !strings.HasSuffix(uri, "?sslmode=verify-full&sslrootcert=/run/secrets/ca.crt") || secretOf(exporter, "/run/secrets/ca.crt") != server+"-ca" {
			t.Errorf("%s trusts any database: %s", exporter, uri)
		}
	}
}

// secretOf returns the Secret whose ca.crt w has at path, below /run/secrets.
func secretOf(w workload, path string) string {
	for _, v := range w.template.Spec.Volumes {
		if v.Name != "secrets" || v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.Secret == nil {
				continue
			}
			for _, item := range source.Secret.Items {
				if item.Key == "ca.crt" && "/run/secrets/"+item.Path == path {
					return source.Secret.Name
				}
			}
		}
	}
	return ""
}
