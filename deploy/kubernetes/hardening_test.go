package kubernetes_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestEveryContainerIsHardened is restricted Pod Security and more: a file system
// that can't be written to, no token, limits, probes.
func TestEveryContainerIsHardened(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		for _, w := range workloads(t, overlay) {
			for _, fault := range faults(w) {
				t.Errorf("%s %s", w, fault)
			}
		}
	})
}

// faults says what is soft about w.
func faults(w workload) []string {
	var list []string
	must := func(is bool, fault string) {
		if !is {
			list = append(list, fault)
		}
	}
	is := func(b *bool, want bool) bool { return b != nil && *b == want }
	spec := w.template.Spec
	pod := spec.SecurityContext
	if pod == nil {
		return []string{"has no securityContext"}
	}
	must(is(pod.RunAsNonRoot, true), "may run as root")
	must(pod.RunAsUser != nil && *pod.RunAsUser != 0, "names no user")
	must(pod.SeccompProfile != nil && pod.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault, "has no seccomp profile")
	must(is(spec.AutomountServiceAccountToken, false), "is given a token")
	must(is(spec.EnableServiceLinks, false), "has every Service in its environment")
	must(spec.ServiceAccountName != "" && spec.ServiceAccountName != "default", "has no account of its own")
	must(!spec.HostNetwork && !spec.HostPID && !spec.HostIPC, "shares something of its machine")
	for _, v := range spec.Volumes {
		must(v.HostPath == nil, "mounts a path of its machine")
		must(v.EmptyDir == nil || v.EmptyDir.SizeLimit != nil, "has a volume without a limit: "+v.Name)
	}
	for _, c := range w.containers() {
		of := func(fault string) string { return c.Name + " " + fault }
		s := c.SecurityContext
		if s == nil {
			list = append(list, of("has no securityContext"))
			continue
		}
		must(is(s.AllowPrivilegeEscalation, false), of("may get more rights"))
		must(is(s.ReadOnlyRootFilesystem, true), of("may write to its image"))
		must(s.Capabilities != nil && slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(s.Capabilities.Add) == 0, of("has capabilities"))
		must(s.RunAsUser == nil || *s.RunAsUser != 0, of("runs as root"))
		must(c.Resources.Limits.Memory().Sign() > 0, of("has no limit of memory"))
		must(c.Resources.Requests.Memory().Sign() > 0 && c.Resources.Requests.Cpu().Sign() > 0, of("asks for nothing"))
		must(w.kind == "Job" || c.ReadinessProbe != nil, of("has no readiness probe"))
		for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
			// On a machine that has too much to do a second is soon over, and the only
			// replica would be taken away from those who wait for it.
			const least = 5
			must(p == nil || p.TimeoutSeconds >= least, of("is given up too soon by a probe"))
		}
		must(!strings.HasSuffix(c.Image, ":latest") && strings.Contains(c.Image, ":"), of("has no version: "+c.Image))
		for _, e := range c.Env {
			must(e.ValueFrom == nil || e.ValueFrom.SecretKeyRef == nil, of("has a secret in its environment: "+e.Name))
		}
		must(len(c.EnvFrom) == 0, of("has an environment from elsewhere"))
	}
	return list
}

// TestSoftPodsAreFound: the check above finds what it is for.
func TestSoftPodsAreFound(t *testing.T) {
	for name, soften := range map[string]func(*corev1.PodSpec){
		"root":         func(s *corev1.PodSpec) { s.SecurityContext.RunAsNonRoot = nil },
		"token":        func(s *corev1.PodSpec) { s.AutomountServiceAccountToken = nil },
		"seccomp":      func(s *corev1.PodSpec) { s.SecurityContext.SeccompProfile = nil },
		"writable":     func(s *corev1.PodSpec) { s.InitContainers[0].SecurityContext.ReadOnlyRootFilesystem = nil },
		"capabilities": func(s *corev1.PodSpec) { s.Containers[0].SecurityContext.Capabilities = nil },
		"limit":        func(s *corev1.PodSpec) { s.Containers[0].Resources.Limits = nil },
		"latest":       func(s *corev1.PodSpec) { s.Containers[0].Image = "shop/user:latest" },
		"host":         func(s *corev1.PodSpec) { s.HostNetwork = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := find(t, "local", "user")
			w.template = *w.template.DeepCopy()
			soften(&w.template.Spec)
			if len(faults(w)) != 1 {
				t.Errorf("got %q, want one fault", faults(w))
			}
		})
	}
}

// TestTheNamespaceEnforcesRestrictedPodSecurity: whatever else is put there.
func TestTheNamespaceEnforcesRestrictedPodSecurity(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		for name, ns := range all[corev1.Namespace](t, overlay, "Namespace") {
			if got := ns.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
				t.Errorf("%s enforces %q", name, got)
			}
		}
	})
}

// TestOnlyPrometheusHasAToken: and it may look at pods alone.
func TestOnlyPrometheusHasAToken(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		for name, account := range all[corev1.ServiceAccount](t, overlay, "ServiceAccount") {
			if account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
				t.Errorf("account %s gives its token to every pod", name)
			}
		}
		for _, w := range workloads(t, overlay) {
			for _, v := range w.template.Spec.Volumes {
				if v.Projected == nil {
					continue
				}
				for _, source := range v.Projected.Sources {
					if source.ServiceAccountToken != nil && w.name != "prometheus" {
						t.Errorf("%s has a token", w)
					}
				}
			}
		}
	})
}
