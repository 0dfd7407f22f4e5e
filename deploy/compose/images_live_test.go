//go:build compose

package compose_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shop/kit/testkit"
)

// image is what the engine says of one.
type image struct {
	Size   int64
	RootFS struct{ Layers []string }
	Config struct {
		User        string
		Healthcheck *struct{ Test []string }
		Volumes     map[string]any
	}
}

// docker runs the engine's command.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker", args...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=1")
	var bad testkit.Buffer
	cmd.Stderr = &bad
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, tail(bad.String(), 40))
	}
	return string(out)
}

// build builds a target of this repository and returns what came out of it.
func build(t *testing.T, target, service string) (name string, built image) {
	t.Helper()
	return buildIn(t, root, target, service)
}

func buildIn(t *testing.T, dir, target, service string, args ...string) (name string, built image) {
	t.Helper()
	name = "shop-test/" + target + service
	all := []string{"build", "--target", target, "--tag", name, "--build-arg", "VERSION=1.2.3", "--build-arg", "REVISION=4e5f6a"}
	if service != "" {
		all = append(all, "--build-arg", "SERVICE="+service)
	}
	docker(t, append(append(all, args...), dir)...)
	t.Cleanup(func() { _ = exec.Command("docker", "image", "rm", "--force", name).Run() })
	var found []image
	if err := json.Unmarshal([]byte(docker(t, "image", "inspect", name)), &found); err != nil {
		t.Fatal(err)
	}
	return name, found[0]
}

// A service is a program without anything to go on with for who breaks in.
func TestAServiceIsASmallImage(t *testing.T) {
	const most = 40_000_000 // bytes, unpacked
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			name, built := build(t, "service", service)
			t.Logf("%.1f MB", float64(built.Size)/1e6)
			if built.Size > most {
				t.Errorf("%d bytes, more than %d", built.Size, most)
			}
			if built.Config.User != "65532:65532" || built.Config.Healthcheck == nil || join(built.Config.Healthcheck.Test) != "CMD /service health" || len(built.Config.Volumes) > 0 {
				t.Errorf("%+v", built.Config)
			}
			said := docker(t, "run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none", name, "--version")
			if !strings.Contains(said, "1.2.3") || !strings.Contains(said, "4e5f6a") {
				t.Errorf("its version is %s", said)
			}
		})
	}
}

func TestAServiceByItselfIsHealthy(t *testing.T) {
	name, _ := build(t, "service", "product")
	volume := fmt.Sprintf("shop-test-%d", os.Getpid())
	t.Cleanup(func() { _ = exec.Command("docker", "volume", "rm", "--force", volume).Run() })
	id := strings.TrimSpace(docker(t, "run", "--detach", "--read-only", "--cap-drop", "ALL", "--volume", volume+":/data", name))
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", id).Run() })
	testkit.Eventually(t, eventTime, func() error {
		if health := docker(t, "inspect", "--format", "{{.State.Health.Status}}", id); strings.TrimSpace(health) != "healthy" {
			return fmt.Errorf("it is %s", health)
		}
		return nil
	}, "it is healthy by its own word")
}

// What is in an image is of the source alone: not of the time, nor of the folder
// that the source lies in.
func TestTwoBuildsAreTheSameBytes(t *testing.T) {
	for _, target := range []struct{ name, service string }{{"service", "user"}, {"pod", "order"}, {"edge", ""}, {"mesh", ""}, {"shop", ""}} {
		t.Run(target.name, func(t *testing.T) {
			var layers [2]string
			for n := range layers {
				// Another file beside the source has all stages run again.
				args := []string{"--build-arg", "SOURCE_DATE_EPOCH=1700000000", "--no-cache-filter", "files"}
				_, built := buildIn(t, clone(t, fmt.Sprintf("kit/note-%d-%d.md", os.Getpid(), n)), target.name, target.service, args...)
				layers[n] = join(built.RootFS.Layers)
			}
			if layers[0] != layers[1] {
				t.Errorf("layers\n%s\n%s", layers[0], layers[1])
			}
		})
	}
}

// clone copies the files of this repository into a directory of the test, with one
// more.
func clone(t *testing.T, more string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command("sh", "-c", `git ls-files -z | tar --create --null --ignore-failed-read --files-from - | tar --extract --directory "$0"`, dir)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, more), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A secret that is too weak stops the start with one line that says what to do.
func TestAWeakSecretStopsTheStart(t *testing.T) {
	p := newProject(t)
	p.name = "shop-test-secrets"
	p.compose(t, "build", "secrets")
	p.compose(t, "run", "--rm", "secrets")
	p.run(t, "docker", "run", "--rm", "--user", "0:0", "--network", "none", "--entrypoint", "sh", "--volume", p.name+"_secrets-user:/secrets",
		load(t, nil).Services["redis"].Image, "-c", "echo hunter2 >/secrets/secret_key")
	said, err := p.command(t.Context(), "scripts/up.sh").CombinedOutput()
	want := "secrets: user/secret_key has 7 bytes, fewer than 32; remove it, and a new one is made\n"
	if err == nil || strings.Count(string(said), want) != 1 {
		t.Errorf("%v: %s\nwant %s", err, tail(string(said), 10), want)
	}
}
