package compose_test

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"shop/shop/secrets"
)

// nonroot is the user of this repository's own images.
const nonroot = 65532

func uid(t *testing.T, s types.ServiceConfig) int {
	t.Helper()
	if s.User == "" && own(s) {
		return nonroot
	}
	user, _, _ := strings.Cut(s.User, ":")
	n, err := strconv.Atoi(user)
	if err != nil {
		t.Fatalf("%s: user %q is no number", s.Name, s.User)
	}
	return n
}

func TestEverySecretIsReadByItsOwnerAndNobodyElse(t *testing.T) {
	p := load(t, nil)
	made := map[string][]string{} // Names by owner.
	for _, f := range secrets.Files() {
		made[f.Owner] = append(made[f.Owner], f.Name)
		if got := uid(t, p.Services[f.Owner]); got != f.UID {
			t.Errorf("%s/%s is given to user %d, but %s runs as %d", f.Owner, f.Name, f.UID, f.Owner, got)
		}
	}
	maker, _ := volumes(p.Services["secrets"])
	for owner := range made {
		if maker["secrets-"+owner] != "/secrets/"+owner {
			t.Errorf("the secrets of %s are made in %q", owner, maker["secrets-"+owner])
		}
	}
	if len(maker) != len(made) {
		t.Errorf("secrets has the volumes %v, but makes secrets for %d", slices.Sorted(maps.Keys(maker)), len(made))
	}
	for _, name := range names(p) {
		paths, writable := volumes(p.Services[name])
		for volume, path := range paths {
			owner, secret := strings.CutPrefix(volume, "secrets-")
			if !secret || name == "secrets" {
				continue
			}
			if owner != name || path != "/run/secrets" || writable[volume] {
				t.Errorf("%s has the secrets of %s at %s, writable: %t", name, owner, path, writable[volume])
			}
		}
	}
}

func TestEverySecretThatIsNamedIsMade(t *testing.T) {
	made := map[string]bool{}
	for _, f := range secrets.Files() {
		made[f.Owner+"/"+f.Name] = true
	}
	p := load(t, nil)
	file := regexp.MustCompile(`/run/secrets/([\w.]+)`)
	for _, name := range names(p) {
		s := p.Services[name]
		said := append([]string{}, s.Command...)
		if s.HealthCheck != nil {
			said = append(said, s.HealthCheck.Test...)
		}
		for _, value := range s.Environment {
			if value != nil {
				said = append(said, *value)
			}
		}
		for _, found := range file.FindAllStringSubmatch(join(said), -1) {
			if !made[name+"/"+found[1]] {
				t.Errorf("%s reads /run/secrets/%s, which nobody makes", name, found[1])
			}
		}
	}
}

func TestThereIsNoSecretInTheFile(t *testing.T) {
	secret := regexp.MustCompile(`(?i)(PASSWORD|PASS|SECRET|TOKEN|KEY)$|^(SMS|PUSH)_URL$`)
	for _, files := range [][]string{nil, {"compose.dev.yml"}, {"compose.load.yml"}} {
		p := load(t, nil, files...)
		for _, name := range names(p) {
			for variable, value := range p.Services[name].Environment {
				if secret.MatchString(variable) && value != nil && *value != "" {
					t.Errorf("%s: %s has a value in the file", name, variable)
				}
			}
		}
	}
}

func TestEveryWorkloadHasItsOwnCertificateAndNoOther(t *testing.T) {
	p := load(t, nil)
	authority, _ := volumes(p.Services["mesh-ca"])
	for _, name := range names(p) {
		paths, writable := volumes(p.Services[name])
		for volume, path := range paths {
			owner, certificate := strings.CutPrefix(volume, "certs-")
			if !certificate || name == "mesh-ca" {
				continue
			}
			if owner != name || path != "/certs" || writable[volume] {
				t.Errorf("%s has the certificate of %s at %s, writable: %t", name, owner, path, writable[volume])
			}
		}
	}
	for _, name := range append([]string{"edge"}, services...) {
		if paths, _ := volumes(p.Services[name]); authority["certs-"+name] != "/certs/"+name || paths["certs-"+name] == "" {
			t.Errorf("%s gets no certificate", name)
		}
	}
}
