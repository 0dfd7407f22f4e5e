package kubernetes_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// services are the shop's own, in the order of their ports.
var services = []string{"user", "product", "order", "notification"}

// overlays are what is applied to clusters.
var overlays = []string{"local", "production"}

// object is one thing of an overlay.
type object struct {
	unstructured.Unstructured
	text []byte
}

func (o object) String() string { return o.GetKind() + " " + o.GetName() }

var rendered sync.Map // The objects of an overlay, by its name: rendering takes a second.

// render returns what `kubectl kustomize` makes of an overlay.
func render(t *testing.T, overlay string) []object {
	t.Helper()
	if list, ok := rendered.Load(overlay); ok {
		return list.([]object)
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "overlays/"+overlay)
	if err != nil {
		t.Fatal(err)
	}
	var list []object
	for _, r := range resources.Resources() {
		var o object
		if o.text, err = r.AsYAML(); err == nil {
			err = yaml.Unmarshal(o.text, &o.Object)
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	rendered.Store(overlay, list)
	return list
}

// all returns the objects of one kind as their type.
func all[T any](t *testing.T, overlay, kind string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for _, o := range render(t, overlay) {
		if o.GetKind() == kind {
			found[o.GetName()] = as[T](t, o)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no %s", overlay, kind)
	}
	return found
}

func as[T any](t *testing.T, o object) T {
	t.Helper()
	var typed T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &typed); err != nil {
		t.Fatalf("%s: %v", o, err)
	}
	return typed
}

// workload is what makes pods.
type workload struct {
	kind, name string
	template   corev1.PodTemplateSpec
}

func (w workload) String() string { return w.kind + " " + w.name }

// workloads returns everything that makes pods by itself; operators' pods are theirs.
func workloads(t *testing.T, overlay string) []workload {
	t.Helper()
	var list []workload
	for _, o := range render(t, overlay) {
		if !slices.Contains([]string{"Deployment", "StatefulSet", "Job"}, o.GetKind()) {
			continue
		}
		raw, found, err := unstructured.NestedMap(o.Object, "spec", "template")
		if err != nil || !found {
			t.Fatalf("%s has no template", o)
		}
		list = append(list, workload{o.GetKind(), o.GetName(), as[corev1.PodTemplateSpec](t, object{Unstructured: unstructured.Unstructured{Object: raw}})})
	}
	return list
}

// containers returns all of a pod, those that start first too.
func (w workload) containers() []corev1.Container {
	return slices.Concat(w.template.Spec.InitContainers, w.template.Spec.Containers)
}

// container returns one of them; it fails the test when there is none.
func (w workload) container(t *testing.T, name string) corev1.Container {
	t.Helper()
	i := slices.IndexFunc(w.containers(), func(c corev1.Container) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("%s has no container %s", w, name)
	}
	return w.containers()[i]
}

// find returns a Deployment's or StatefulSet's pod by name.
func find(t *testing.T, overlay, name string) workload {
	t.Helper()
	list := workloads(t, overlay)
	i := slices.IndexFunc(list, func(w workload) bool { return w.name == name })
	if i < 0 {
		t.Fatalf("%s has no %s", overlay, name)
	}
	return list[i]
}

// eachOverlay runs a test for every overlay.
func eachOverlay(t *testing.T, run func(t *testing.T, overlay string)) {
	t.Helper()
	for _, overlay := range overlays {
		t.Run(overlay, func(t *testing.T) { run(t, overlay) })
	}
}

// TestEverythingIsInItsNamespace: what is not would be the cluster's.
func TestEverythingIsInItsNamespace(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		seen := map[string]bool{}
		for _, o := range render(t, overlay) {
			id := fmt.Sprint(o.GroupVersionKind().GroupKind(), o.GetName())
			if seen[id] {
				t.Errorf("%s is there twice", o)
			}
			seen[id] = true
			if o.GetKind() != "Namespace" && o.GetNamespace() != "shop" {
				t.Errorf("%s is in namespace %q", o, o.GetNamespace())
			}
			if o.GetLabels()["app.kubernetes.io/part-of"] != "shop" {
				t.Errorf("%s has no label that says whose it is", o)
			}
			// kubectl apply keeps a copy in an annotation, which holds no more.
			const most = 256 << 10
			if len(o.text) > most && !strings.HasPrefix(o.GetName(), "dashboard-") {
				t.Errorf("%s has %d bytes, more than %d", o, len(o.text), most)
			}
		}
	})
}

// parse returns one object from its text.
func parse(t *testing.T, text string) object {
	t.Helper()
	o := object{text: []byte(text)}
	if err := yaml.Unmarshal(o.text, &o.Object); err != nil {
		t.Fatal(err)
	}
	return o
}
