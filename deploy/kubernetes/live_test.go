//go:build kube

// The shop in Kubernetes for real: a cluster runs the local overlay, clients use it
// through the edge's Service, and what an operator does to it goes unnoticed. The
// parts are one story, in which every part goes on with what the part before has left.
package kubernetes_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"shop/deploy/livetest"
	"shop/kit/testkit"
	"shop/kit/testkit/promapi"
	"shop/shop/rest"
)

// certificateLife is short enough for every certificate to be renewed while the
// story goes on.
const certificateLife = "6m"

func TestTheShopInKubernetes(t *testing.T) {
	newCluster(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"everything becomes ready under restricted Pod Security", starts},
		{"the demo meets no surprise", walks},
		{"Prometheus reaches every target", everyTarget},
		{"an order is in Jaeger", orderIsSeen},
		{"product scales to three and back", scales},
		{"every Deployment restarts", restarts},
		{"a RabbitMQ pod is deleted", brokerIsDeleted},
		{"every certificate was renewed", certificatesRotate},
		{"production is accepted", productionIsAccepted},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			defer explain(t)
			part.run(t)
		}) && part.name == "everything becomes ready under restricted Pod Security" {
			return
		}
	}
}

// starts brings the local overlay into a new namespace. Its authority gives
// certificates of a short life; all else is as it lies there.
func starts(t *testing.T) {
	began := time.Now()
	secrets := exec.CommandContext(t.Context(), "./secrets.sh", t.TempDir())
	if out, err := secrets.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var manifests strings.Builder
	for _, o := range render(t, "local") {
		text := string(o.text)
		if o.GetKind() == "Deployment" && o.GetName() == "mesh-ca" {
			text = strings.Replace(text, "- --dir\n", "- --life="+certificateLife+"\n        - --dir\n", 1)
			if text == string(o.text) {
				t.Fatal("the authority has other arguments")
			}
		}
		manifests.WriteString("---\n" + text)
	}
	apply(t, manifests.String())
	ready(t)
	t.Logf("ready after %s", time.Since(began).Round(time.Second))
}

// walks runs the demo in the cluster, through the edge's Service.
func walks(t *testing.T) {
	apply(t, client("demo", "demo"))
	said := func() string { return kubectl(t, "--namespace", namespace, "logs", "demo") }
	if _, err := try(t.Context(), "", "--namespace", namespace, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/demo", "--timeout", "2m"); err != nil {
		t.Fatalf("%v\n%s", err, said())
	}
	lines := strings.Split(strings.TrimSpace(said()), "\n")
	t.Log(lines[len(lines)-1])
}

// everyTarget: all that the pods of the overlay have for Prometheus.
func everyTarget(t *testing.T) {
	want := 0
	ports, _ := jobs(t)
	for _, port := range ports {
		for _, w := range workloads(t, "local") {
			for _, c := range w.containers() {
				for _, p := range c.Ports {
					if p.Name == port {
						want++
					}
				}
			}
		}
	}
	want++ // Prometheus itself.
	prometheus := promapi.New(door(t, "prometheus", 9090))
	testkit.Eventually(t, patience, func() error {
		found, err := prometheus.Targets(t.Context())
		if err != nil {
			return err
		}
		var wrong []error
		for _, target := range found {
			if target.Health != "up" {
				wrong = append(wrong, fmt.Errorf("%s %s is %s: %s", target.Labels["job"], target.Labels["pod"], target.Health, target.Error))
			}
		}
		if len(found) != want {
			wrong = append(wrong, fmt.Errorf("%d targets, want %d", len(found), want))
		}
		return errors.Join(wrong...)
	}, "every target is up")
	t.Logf("%d targets are up", want)
}

// buyer registers somebody and returns the clients that are logged in.
func buyer(t *testing.T, name string) rest.Shop {
	t.Helper()
	shop := doors(t)
	const password = "mật khẩu dài 12"
	a, err := shop.User.Post(t.Context(), "/register", map[string]string{"username": name, "password": password, "email": name + "@example.com"})
	if err != nil || a.Status != http.StatusCreated {
		t.Fatal(a.Status, err)
	}
	session, err := shop.Login(t.Context(), name, password)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*rest.Client{&shop.User, &shop.Product, &shop.Order, &shop.Notification} {
		*c = c.As(session.AccessToken)
	}
	return shop
}

// orderIsSeen: one trace from the edge to the notification.
func orderIsSeen(t *testing.T) {
	shop := buyer(t, "seen")
	var product rest.Product
	a, err := shop.Product.Post(t.Context(), "/products", map[string]any{"name": "Bàn phím", "price": "19.99", "quantity": 5})
	if err == nil {
		err = a.Into(&product)
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err = shop.Order.Post(t.Context(), "/orders", map[string]int64{"product_id": product.ID, "quantity": 1})
	if err != nil || a.Status != http.StatusCreated {
		t.Fatal(a.Status, err)
	}
	livetest.OrderTrace(t, patience, door(t, "jaeger", 16686), a.Header.Get("X-Trace-Id"))
}

func scales(t *testing.T) {
	scale := func(n int) {
		kubectl(t, "--namespace", namespace, "scale", "deployment/product", fmt.Sprintf("--replicas=%d", n))
		rolledOut(t, "deployment/product")
		gone(t, "product", n)
	}
	underLoad(t, "product scales to three and back", func() {
		scale(3)
		scale(1)
	})
}

func restarts(t *testing.T) {
	for _, name := range append([]string{"edge"}, services...) {
		underLoad(t, name+" restarts", func() {
			kubectl(t, "--namespace", namespace, "rollout", "restart", "deployment/"+name)
			rolledOut(t, "deployment/"+name)
			gone(t, name, 1)
		})
	}
}

// brokerIsDeleted: orders go on, and every event of theirs is handled in the end.
func brokerIsDeleted(t *testing.T) {
	underLoad(t, "the RabbitMQ pod is deleted", func() {
		kubectl(t, "--namespace", namespace, "delete", "pod", "rabbitmq-0")
		rolledOut(t, "statefulset/rabbitmq")
	})
	testkit.Eventually(t, patience, func() error {
		sent := rows(t, "order", "SELECT id FROM outbox WHERE type IN ('order.created', 'order.status_changed') ORDER BY id")
		known := rows(t, "notification", "SELECT message_id FROM inbox ORDER BY message_id")
		if !slices.Equal(sent, known) {
			return fmt.Errorf("%d events, %d handled", len(sent), len(known))
		}
		t.Logf("%d events, all handled", len(sent))
		return nil
	}, "every event is handled")
}

// certificatesRotate: the agents tell of it; what came through meanwhile the parts
// before have counted.
func certificatesRotate(t *testing.T) {
	for _, name := range append([]string{"edge"}, services...) {
		service := name
		if name == "edge" {
			service = "edge-metrics"
		}
		agent := rest.Client{Base: door(t, service, 15091)}
		testkit.Eventually(t, patience, func() error {
			a, err := agent.Get(t.Context(), "/metrics")
			if err != nil {
				return err
			}
			if text := string(a.Body); !strings.Contains(text, "mesh_agent_certificate_good 1\n") || strings.Contains(text, "mesh_agent_certificate_renewals_total 0\n") {
				return errors.New("not renewed")
			}
			return nil
		}, "a new certificate for "+name)
	}
	underLoad(t, "certificates of four minutes before", func() {
		for _, name := range services {
			rolledOut(t, "deployment/"+name)
		}
	})
}

// productionIsAccepted: by the same cluster, with the kinds that operators bring, in
// a namespace of its own, strictly and without making anything.
func productionIsAccepted(t *testing.T) {
	files := map[string]bool{}
	var manifests strings.Builder
	n := 0
	for _, o := range render(t, "production") {
		if d, there := crd(t, o.GroupVersionKind().Group, o.GetKind()); there {
			files[d.file] = true
		}
		if o.GetKind() != "Namespace" {
			manifests.WriteString("---\n" + strings.Replace(string(o.text), "\n  namespace: "+namespace+"\n", "\n  namespace: "+trial+"\n", 1))
			n++
		}
	}
	for file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if kubectl(t, "get", "--filename", file, "--ignore-not-found") != "" {
			continue // The cluster's own.
		}
		apply(t, string(text))
		t.Cleanup(func() {
			if _, err := try(context.Background(), "", "delete", "--filename", file); err != nil {
				t.Error(err)
			}
		})
		testkit.Eventually(t, patience, func() error {
			_, err := try(t.Context(), "", "wait", "--for=condition=Established", "--timeout", "1m", "--filename", file)
			return err
		}, "the API server knows "+file)
	}
	apply(t, strings.ReplaceAll(string(render(t, "production")[slices.IndexFunc(render(t, "production"), func(o object) bool { return o.GetKind() == "Namespace" })].text), "name: "+namespace, "name: "+trial))
	out := apply(t, manifests.String(), "--dry-run=server", "--validate=strict")
	if got := strings.Count(out, "(server dry run)"); got != n {
		t.Errorf("%d of %d objects were accepted:\n%s", got, n, out)
	}
	t.Logf("%d objects accepted, %d kinds of operators", n, len(files))
}
