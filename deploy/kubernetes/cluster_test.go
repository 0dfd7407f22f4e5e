//go:build kube

package kubernetes_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"shop/deploy/livetest"
	"shop/kit/testkit"
	"shop/shop/rest"
)

const (
	namespace = "shop"
	// trial is where production is tried, and nothing is made but itself.
	trial = "shop-production"
	// patience is how long a cluster may take for one thing.
	patience = 6 * time.Minute
)

// kubectl asks the cluster that KUBECONFIG names.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := try(t.Context(), "", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// apply sends manifests.
func apply(t *testing.T, manifests string, args ...string) string {
	t.Helper()
	out, err := try(t.Context(), manifests, append([]string{"apply", "--server-side", "--filename", "-"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// try runs kubectl; the error has what it said.
func try(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, said.String())
	}
	return out.String(), nil
}

// newCluster checks that there is a cluster without a shop, and takes everything
// away in the end.
func newCluster(t *testing.T) {
	t.Helper()
	if _, err := try(t.Context(), "", "get", "--raw", "/readyz"); err != nil {
		t.Fatalf("there is no cluster: KUBECONFIG must name one, of kind for instance, that has this repository's images\n%v", err)
	}
	for _, name := range []string{namespace, trial} {
		if found := kubectl(t, "get", "namespace", name, "--ignore-not-found", "--output", "name"); found != "" {
			t.Fatalf("%s is there; this test makes its own and deletes it: kubectl delete %s", found, strings.TrimSpace(found))
		}
	}
	t.Cleanup(func() {
		if _, err := try(context.Background(), "", "delete", "namespace", namespace, trial, "--ignore-not-found", "--timeout", "3m"); err != nil {
			t.Error(err)
		}
	})
}

// explain logs what the cluster knows, where a test has failed.
func explain(t *testing.T) {
	if !t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "pods", "--output", "wide"},
		{"get", "events", "--field-selector", "type=Warning", "--sort-by", ".lastTimestamp", "--output", "custom-columns=O:.involvedObject.name,M:.message"},
	} {
		out, err := try(context.Background(), "", append([]string{"--namespace", namespace}, args...)...)
		t.Log(out, err)
	}
}

// ready waits until every workload is as its manifest wants it.
func ready(t *testing.T) {
	t.Helper()
	for _, w := range workloads(t, "local") {
		if w.kind == "Job" {
			kubectl(t, "--namespace", namespace, "wait", "--for=condition=Complete", "job/"+w.name, "--timeout", patience.String())
			continue
		}
		rolledOut(t, strings.ToLower(w.kind)+"/"+w.name)
	}
}

func rolledOut(t *testing.T, what string) {
	t.Helper()
	kubectl(t, "--namespace", namespace, "rollout", "status", what, "--timeout", patience.String())
}

// gone waits until no pod of a service is ending.
func gone(t *testing.T, name string, left int) {
	t.Helper()
	testkit.Eventually(t, patience, func() error {
		out, err := try(t.Context(), "", "--namespace", namespace, "get", "pods", "--selector", "app.kubernetes.io/name="+name+",app.kubernetes.io/component!=migration", "--output", "name")
		if n := len(strings.Fields(out)); err == nil && n != left {
			err = fmt.Errorf("%d pods", n)
		}
		return err
	}, fmt.Sprintf("%s has %d pods", name, left))
}

// door makes a port of a Service one of this machine, and returns its URL.
func door(t *testing.T, service string, port int) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "kubectl", "--namespace", namespace, "port-forward", "service/"+service, fmt.Sprintf(":%d", port))
	var said testkit.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	from := regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+)`)
	var url string
	testkit.Eventually(t, patience, func() bool {
		if found := from.FindStringSubmatch(said.String()); found != nil {
			url = "http://" + found[1]
		}
		return url != ""
	}, "a door to "+service, said.String)
	return url
}

// doors are the public ports of the edge.
func doors(t *testing.T) rest.Shop {
	t.Helper()
	var shop rest.Shop
	for i, c := range []*rest.Client{&shop.User, &shop.Product, &shop.Order, &shop.Notification} {
		c.Base = door(t, "edge", 8001+i)
	}
	return shop
}

// client is a pod in the cluster that runs `shop` against the edge's Service; the
// network lets it go there and nowhere else.
func client(name string, args ...string) string {
	for i, service := range services {
		args = append(args, "--"+service, fmt.Sprintf("http://edge:%d", 8001+i))
	}
	list, _ := json.Marshal(args) // Texts can always be written.
	return fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: client, namespace: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: client}}
  policyTypes: [Egress]
  egress: [{to: [{podSelector: {matchLabels: {app.kubernetes.io/name: edge}}}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: shop, labels: {app.kubernetes.io/name: client}}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: shop
      image: shop/shop:dev
      args: %s
      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
`, name, list)
}

// underLoad does something while 100 requests come each second through the edge's
// Service, none of which may fail.
func underLoad(t *testing.T, what string, do func()) {
	t.Helper()
	const rate = 100
	apply(t, client("load", "load", "--rate", fmt.Sprint(rate), "--duration", "0", "--json"))
	kubectl(t, "--namespace", namespace, "wait", "--for=condition=Ready", "pod/load", "--timeout", patience.String())
	var out testkit.Buffer
	logs := exec.CommandContext(t.Context(), "kubectl", "--namespace", namespace, "logs", "--follow", "load")
	logs.Stdout, logs.Stderr = &out, &out
	if err := logs.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() bool { return out.String() != "" }, "the load says how it goes")
	do()
	kubectl(t, "--namespace", namespace, "delete", "pod", "load") // SIGTERM: it reports and ends.
	if err := logs.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	livetest.Unnoticed(t, what, rate, out.String())
}

// rows asks the database of a service.
func rows(t *testing.T, service, query string) []string {
	t.Helper()
	return strings.Fields(kubectl(t, "--namespace", namespace, "exec", "postgres-"+service+"-0", "--container", "postgres", "--",
		"psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--username", "postgres", "--dbname", service+"_service_db", "--command", query))
}
