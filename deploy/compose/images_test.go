package compose_test

import (
	"regexp"
	"strings"
	"testing"
)

// version is a tag that names one release.
var version = regexp.MustCompile(`^[\w./-]+:[a-z-]*v?\d+\.\d+(\.\d+)?(-[a-z]+)?$`)

func TestImagesOfOthersAreOfOneReleaseEach(t *testing.T) {
	for name, s := range load(t, nil).Services {
		if !own(s) && !version.MatchString(s.Image) {
			t.Errorf("%s: %s is not one release", name, s.Image)
		}
	}
	base := regexp.MustCompile(`(?m)^FROM (?:--platform=\S+ )?(\S+:\S+)`)
	dockerfile := read(t, "Dockerfile")
	for _, arg := range regexp.MustCompile(`(?m)^ARG (\w+)=(\S+)$`).FindAllStringSubmatch(dockerfile, -1) {
		dockerfile = strings.ReplaceAll(dockerfile, "${"+arg[1]+"}", arg[2])
	}
	found := base.FindAllStringSubmatch(dockerfile, -1)
	if len(found) != 2 {
		t.Errorf("the Dockerfile begins with %d images, want Go and Envoy: %v", len(found), found)
	}
	for _, from := range found {
		if !version.MatchString(from[1]) {
			t.Errorf("Dockerfile: %s is not one release", from[1])
		}
	}
	if strings.Contains(dockerfile, "syntax=") {
		t.Error("the Dockerfile asks for a frontend that would have to be fetched")
	}
}

func TestOwnImagesHaveTheVersionThatIsAskedFor(t *testing.T) {
	want := map[string]string{
		"user": "shop/pod-user", "product": "shop/pod-product", "order": "shop/pod-order", "notification": "shop/pod-notification",
		"edge": "shop/edge", "mesh-ca": "shop/mesh", "secrets": "shop/shop", "shop": "shop/shop",
	}
	for version, environ := range map[string][]string{"dev": nil, "1.2.3": {"SHOP_VERSION=1.2.3"}} {
		got := 0
		for name, s := range load(t, environ).Services {
			if !own(s) {
				continue
			}
			got++
			if s.Image != want[name]+":"+version {
				t.Errorf("%s: image %s, want %s:%s", name, s.Image, want[name], version)
			}
			if v := s.Build.Args["VERSION"]; v == nil || *v != version {
				t.Errorf("%s: it is not told its version", name)
			}
			target := strings.TrimPrefix(strings.TrimSuffix(want[name], "-"+name), "shop/")
			if s.Build.Target != target {
				t.Errorf("%s: target %s, want %s", name, s.Build.Target, target)
			}
		}
		if got != len(want) {
			t.Errorf("%d services have an image of this repository, want %d", got, len(want))
		}
	}
}

func TestImagesHaveTheEnvoyThatIsTestedWith(t *testing.T) {
	tested := regexp.MustCompile(`(?m)^ENVOY_VERSION=(\S+)$`).FindStringSubmatch(read(t, "scripts/test.sh"))
	used := regexp.MustCompile(`(?m)^ARG ENVOY_VERSION=(\S+)$`).FindStringSubmatch(read(t, "Dockerfile"))
	if tested == nil || used == nil || !strings.HasPrefix(used[1]+".", tested[1]+".") {
		t.Errorf("the images have Envoy %v, the tests %v", used, tested)
	}
}

func TestImagesAreBuiltWithAGoThatAllModulesTake(t *testing.T) {
	needed := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.work"))
	used := regexp.MustCompile(`(?m)^ARG GO_VERSION=(\S+)$`).FindStringSubmatch(read(t, "Dockerfile"))
	if needed == nil || used == nil || !strings.HasPrefix(used[1], needed[1]+".") {
		t.Errorf("the images are built with Go %v, the modules need %v", used, needed)
	}
}

// stage returns the instructions of a stage of the Dockerfile and its base.
func stage(t *testing.T, name string) (base, text string) {
	t.Helper()
	for _, text := range strings.Split(read(t, "Dockerfile"), "\nFROM ")[1:] {
		first, rest, _ := strings.Cut(text, "\n")
		if words := strings.Fields(first); words[len(words)-1] == name {
			return words[len(words)-3], rest
		}
	}
	t.Fatalf("there is no stage %s", name)
	return "", ""
}

// A change of one service builds that one again, because it is the one that copies
// it: a service's build has kit and itself, nothing of others.
func TestAChangeOfOneServiceRebuildsOne(t *testing.T) {
	source := regexp.MustCompile(`(?m)^COPY (\S+) (\S+)$`)
	for name, want := range map[string]struct{ base, copies string }{
		"kit":           {"go", "kit/"},
		"build-service": {"kit", "${SERVICE}/"},
		"build-mesh":    {"kit", "mesh/"},
	} {
		base, text := stage(t, name)
		var copies []string
		for _, found := range source.FindAllStringSubmatch(text, -1) {
			if copies = append(copies, found[1]); found[1] != found[2] {
				t.Errorf("%s: %s becomes %s", name, found[1], found[2])
			}
		}
		if base != want.base || join(copies) != want.copies {
			t.Errorf("%s is from %s and copies %v, want %s and %s", name, base, copies, want.base, want.copies)
		}
	}
}
