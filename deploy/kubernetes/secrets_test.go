package kubernetes_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"shop/shop/secrets"
)

// TestSecretsAreThoseOfShopSecrets: the local overlay mounts what `shop secrets`
// makes, every owner its own, and every file that a setting names is there.
func TestSecretsAreThoseOfShopSecrets(t *testing.T) {
	dir := t.TempDir()
	if _, err := secrets.Make(secrets.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	mounted := map[string]bool{}
	for _, w := range workloads(t, "local") {
		for _, v := range w.template.Spec.Volumes {
			if v.Secret == nil {
				continue
			}
			mounted[v.Secret.SecretName] = true
			files, err := os.ReadDir(filepath.Join(dir, v.Secret.SecretName))
			if err != nil {
				t.Errorf("%s mounts the Secret %s, which nobody makes", w, v.Secret.SecretName)
			}
			if mode := v.Secret.DefaultMode; mode == nil || *mode != 0o440 {
				t.Errorf("%s: others can read %s", w, v.Name)
			}
			for _, c := range w.containers() {
				if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name }) {
					continue
				}
				for name, path := range environment(c) {
					if file, is := strings.CutPrefix(path, "/run/secrets/"); is && !strings.Contains(file, "*") &&
						!slices.ContainsFunc(files, func(f os.DirEntry) bool { return f.Name() == file }) {
						t.Errorf("%s: %s names %s, which is not in the Secret", w, name, path)
					}
				}
			}
		}
	}
	owners, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, owner := range owners {
		if !mounted[owner.Name()] {
			t.Errorf("nobody reads the Secret %s", owner.Name())
		}
	}
}

// TestNoSecretIsInTheManifests: nor a default.
func TestNoSecretIsInTheManifests(t *testing.T) {
	eachOverlay(t, func(t *testing.T, overlay string) {
		for _, o := range render(t, overlay) {
			if o.GetKind() == "Secret" {
				t.Errorf("%s is in the manifests", o)
			}
		}
	})
}
