package kubernetes_test

import (
	"slices"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// TestAServiceAndItsEnvoyAreOnePod: the Envoy is there before and after the service,
// which nobody else reaches.
func TestAServiceAndItsEnvoyAreOnePod(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		for _, name := range services {
			pod := find(t, overlay, name)
			first := pod.template.Spec.InitContainers
			if len(first) != 1 || first[0].Name != "envoy" || first[0].RestartPolicy == nil || *first[0].RestartPolicy != corev1.ContainerRestartPolicyAlways {
				t.Errorf("the Envoy of %s is no native sidecar", name)
			}
			if first[0].StartupProbe == nil {
				t.Errorf("%s may start before its Envoy is ready", name)
			}
			if got := environment(pod.container(t, "service"))["HOST"]; got != "127.0.0.1" {
				t.Errorf("%s listens on %q", name, got)
			}
		}
	})
}

// TestAPodEndsInItsTime: everything that a stop waits for fits into the time that
// Kubernetes gives it, and the service waits for its Envoy's drain.
func TestAPodEndsInItsTime(t *testing.T) {
	const drain, shutdown, agent = 5, 9, 5 + 1 // Seconds: defaults of `mesh agent` and SHUTDOWN_TIMEOUT.
	for _, name := range services {
		pod := find(t, "production", name)
		wait := pod.container(t, "service").Lifecycle.PreStop.Sleep.Seconds
		if wait <= drain {
			t.Errorf("%s ends %d s after it is asked to; callers turn away within %d s", name, wait, drain)
		}
		if grace := *pod.template.Spec.TerminationGracePeriodSeconds; wait+shutdown+agent >= grace {
			t.Errorf("%s may take %d s to end and gets %d", name, wait+shutdown+agent, grace)
		}
	}
}

// TestNothingIsTakenBeforeItsSuccessorIsThere: an upgrade adds before it takes away.
func TestNothingIsTakenBeforeItsSuccessorIsThere(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		deployments := all[appsv1.Deployment](t, overlay, "Deployment")
		budgets := all[policyv1.PodDisruptionBudget](t, overlay, "PodDisruptionBudget")
		for _, name := range append([]string{"edge"}, services...) {
			d := deployments[name]
			if r := d.Spec.Strategy.RollingUpdate; r == nil || r.MaxUnavailable.IntValue() != 0 || r.MaxSurge.IntValue() < 1 {
				t.Errorf("%s is taken away before there is another: %+v", name, r)
			}
			if d.Spec.Replicas != nil {
				t.Errorf("%s has a number of replicas, which every apply would bring back", name)
			}
			if name != "edge" && d.Spec.MinReadySeconds < 35 {
				t.Errorf("%s counts after %d s: DNS may be 30 s old", name, d.Spec.MinReadySeconds)
			}
			if len(d.Spec.Template.Spec.TopologySpreadConstraints) == 0 {
				t.Errorf("all of %s may be on one machine", name)
			}
			if b, there := budgets[name]; !there || !matches(t, b.Spec.Selector, d.Spec.Template.Labels) {
				t.Errorf("%s has no budget of disruptions", name)
			}
		}
	})
}

// TestAutoscalersStayBelowTheConnectionsOfTheirDatabase: with one replica more, as
// during an upgrade, and ten connections for the operator and the exporter.
func TestAutoscalersStayBelowTheConnectionsOfTheirDatabase(t *testing.T) {
	scalers := all[autoscalingv2.HorizontalPodAutoscaler](t, "production", "HorizontalPodAutoscaler")
	if len(scalers) != len(services)+1 {
		t.Errorf("there are %d autoscalers", len(scalers))
	}
	for _, name := range services {
		each := number(t, environment(find(t, "production", name).container(t, "service"))["DATABASE_MAX_CONNS"])
		most := 0
		for _, o := range render(t, "production") {
			if o.GetKind() == "Cluster" && o.GetName() == "postgres-"+name {
				most = number(t, nested(t, o, "spec", "postgresql", "parameters", "max_connections"))
			}
		}
		const others = 10
		if need := (int(scalers[name].Spec.MaxReplicas)+1)*each + others; need > most {
			t.Errorf("%s may need %d connections, its PostgreSQL has %d", name, need, most)
		}
		if *scalers[name].Spec.MinReplicas < 2 {
			t.Errorf("%s may be one", name)
		}
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// nested returns a text deep in o.
func nested(t *testing.T, o object, path ...string) string {
	t.Helper()
	var at any = o.Object
	for _, key := range path {
		m, ok := at.(map[string]any)
		if !ok {
			t.Fatalf("%s has no %v", o, path)
		}
		at = m[key]
	}
	text, ok := at.(string)
	if !ok {
		t.Fatalf("%s: %v is no text", o, path)
	}
	return text
}

// TestSelectorsFindTheirPodsAndNoOthers: a Service that takes a Job's pods too would
// send requests into nothing.
func TestSelectorsFindTheirPodsAndNoOthers(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		for name, s := range all[corev1.Service](t, overlay, "Service") {
			var found []string
			for _, w := range workloads(t, overlay) {
				if slices.ContainsFunc(keys(s.Spec.Selector), func(k string) bool { return w.template.Labels[k] != s.Spec.Selector[k] }) {
					continue
				}
				found = append(found, w.String())
				for _, p := range s.Spec.Ports {
					if !slices.ContainsFunc(w.containers(), func(c corev1.Container) bool {
						return slices.ContainsFunc(c.Ports, func(own corev1.ContainerPort) bool { return own.Name == p.TargetPort.StrVal })
					}) {
						t.Errorf("Service %s: %s has no port %s", name, w, p.TargetPort.StrVal)
					}
				}
			}
			if len(found) != 1 {
				t.Errorf("Service %s finds %v", name, found)
			}
		}
	})
}

func keys(m map[string]string) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}
