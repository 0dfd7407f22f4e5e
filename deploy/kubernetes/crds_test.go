package kubernetes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// crdFolders are where the modules of crds/go.mod keep the schemas of their kinds.
var crdFolders = map[string]string{
	"github.com/cert-manager/cert-manager":               "deploy/crds",
	"github.com/cloudnative-pg/cloudnative-pg":           "config/crd/bases",
	"github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd",
	"github.com/rabbitmq/cluster-operator/v2":            "config/crd/bases",
	"sigs.k8s.io/gateway-api":                            "config/crd/standard",
}

// crdFiles brings the modules and returns the files with schemas.
var crdFiles = sync.OnceValues(func() ([]string, error) {
	download := exec.Command("go", "mod", "download", "-json")
	download.Dir = "crds"
	download.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	download.Stderr = os.Stderr
	out, err := download.Output()
	if err != nil {
		return nil, fmt.Errorf("modules of deploy/kubernetes/crds: %w: %s", err, out)
	}
	var files []string
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var module struct{ Path, Dir string }
		if err := d.Decode(&module); err == io.EOF {
			return files, nil
		} else if err != nil {
			return nil, err
		}
		list, err := filepath.Glob(filepath.Join(module.Dir, filepath.FromSlash(crdFolders[module.Path]), "*.yaml"))
		if err != nil || len(list) == 0 {
			return nil, fmt.Errorf("%s has no schemas in %q: %w", module.Path, crdFolders[module.Path], err)
		}
		files = append(files, list...)
	}
})

// definition is a kind that a controller brings.
type definition struct {
	file string
	crd  apiextensions.CustomResourceDefinition
}

var read sync.Map // Definitions by group and kind: reading one takes a tenth of a second.

// crd returns the definition of a kind; false where nobody brings it.
func crd(t *testing.T, group, kind string) (definition, bool) {
	t.Helper()
	if d, there := read.Load(group + "/" + kind); there {
		return d.(definition), true
	}
	files, err := crdFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\n  group: "+group+"\n") || !strings.Contains(string(text), "\n    kind: "+kind+"\n") {
			continue
		}
		var v1 apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(text, &v1); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		d := definition{file: file}
		if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&v1, &d.crd, nil); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		read.Store(group+"/"+kind, d)
		return d, true
	}
	return definition{}, false
}
