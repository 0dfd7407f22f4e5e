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
