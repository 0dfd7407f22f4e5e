package kubernetes_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

// TestEverythingFitsItsSchema: Kubernetes' own types, read strictly, and the
// definitions in the modules of those who bring the other kinds. Neither knows a
// field that is not there.
func TestEverythingFitsItsSchema(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		for _, o := range render(t, overlay) {
			for _, fault := range misfits(t, o) {
				t.Errorf("%s: %s", o, fault)
			}
		}
	})
}

// misfits says what is wrong with o.
func misfits(t *testing.T, o object) []string {
	t.Helper()
	kind := o.GroupVersionKind()
	if scheme.Scheme.Recognizes(kind) {
		strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
		if _, _, err := strict.Decode(o.text, nil, nil); err != nil {
			return []string{err.Error()}
		}
		return nil
	}
	d, there := crd(t, kind.Group, kind.Kind)
	if !there {
		return []string{"nobody knows the kind " + kind.String()}
	}
	i := slices.IndexFunc(d.crd.Spec.Versions, func(v apiextensions.CustomResourceDefinitionVersion) bool { return v.Name == kind.Version && v.Served })
	if i < 0 {
		return []string{"there is no version " + kind.Version}
	}
	schema := d.crd.Spec.Validation
	if own := d.crd.Spec.Versions[i].Schema; own != nil {
		schema = own
	}
	structural, err := structuralschema.NewStructural(schema.OpenAPIV3Schema)
	if err != nil {
		t.Fatalf("%s: %v", d.file, err)
	}
	var list []string
	unknown := pruning.PruneWithOptions(runtime.DeepCopyJSON(o.Object), structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		list = append(list, "unknown field "+path)
	}
	validator, _, err := validation.NewSchemaValidator(schema.OpenAPIV3Schema)
	if err != nil {
		t.Fatalf("%s: %v", d.file, err)
	}
	for _, e := range validation.ValidateCustomResource(nil, o.Object, validator) {
		list = append(list, e.Error())
	}
	return list
}

// TestMisfitsAreFound: the check above finds what it is for.
func TestMisfitsAreFound(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a field of Kubernetes":  {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replica: 3}\n", "replica"},
		"a type of Kubernetes":   {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: three}\n", "replicas"},
		"a field of an operator": {"apiVersion: rabbitmq.com/v1beta1\nkind: RabbitmqCluster\nmetadata: {name: x}\nspec: {replica: 3}\n", "unknown field spec.replica"},
		"a type of an operator":  {"apiVersion: rabbitmq.com/v1beta1\nkind: RabbitmqCluster\nmetadata: {name: x}\nspec: {replicas: three}\n", "spec.replicas"},
		"a field that is needed": {"apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: x}\nspec: {secretName: x}\n", "issuerRef"},
		"a kind":                 {"apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n", "nobody knows"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(misfits(t, parse(t, c.text)), "\n")
			if !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
