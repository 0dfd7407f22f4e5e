package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shop/kit/testkit"
	"shop/shop/local"
	"shop/shop/operator"
)

// TestTheSmokeWalk walks with curl, in both languages.
func TestTheSmokeWalk(t *testing.T) { inEveryForm(t, theSmokeWalk) }

func theSmokeWalk(t *testing.T, start starter) {
	shop := start(t, t.TempDir(), nil)
	var urls []string
	for _, door := range shop.Doors() {
		urls = append(urls, door.Client.Base)
	}
	for language, last := range map[string]string{"en": "steps, no surprise", "vi": "bước, không có gì bất ngờ"} {
		if out, err := smoke(t, language, urls...); err != nil || !strings.Contains(out, last) || strings.Contains(out, "✗") {
			t.Errorf("in %s: %v\n%s", language, err, out)
		}
	}
	if out, err := smoke(t, "en", urls[0], urls[1], urls[2], urls[0]); err == nil || !strings.Contains(out, "✗ the buyer is notified") {
		t.Errorf("without a notification service it says %v\n%s", err, out)
	}
}

func TestTheSmokeWalkNeedsAShop(t *testing.T) {
	nobody := "http://127.0.0.1:" + strconv.Itoa(testkit.Ports(t))
	if out, err := smoke(t, "en", nobody, nobody, nobody, nobody); err == nil || !strings.Contains(out, "✗ every service is healthy: GET "+nobody+"/health") {
		t.Errorf("got %v\n%s", err, out)
	}
	out, err := smoke(t, "en", nobody, nobody)
	if exit := exitCodeOf(err); exit != 2 || !strings.Contains(out, "scripts/smoke.sh USER_URL") {
		t.Errorf("two URLs: exit code %d\n%s", exit, out)
	}
}

func smoke(t *testing.T, language string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "../../scripts/smoke.sh", args...)
	cmd.Env = append(os.Environ(), "SMOKE_LANG="+language, "SMOKE_WAIT=5")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func exitCodeOf(err error) int {
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Of a command that was run here.
		return exit.ExitCode()
	}
	return -1
}

// TestServicesStartedByHand: four services, each by its script, with the settings
// that it makes, are a shop.
func TestServicesStartedByHand(t *testing.T) {
	root, path := byHand(t)
	port := testkit.Ports(t, operator.PortDistance)
	var urls []string
	for n := range local.Names {
		urls = append(urls, fmt.Sprintf("http://127.0.0.1:%d", port+n))
	}
	for n, service := range local.Names {
		var out testkit.Buffer
		cmd := exec.Command(filepath.Join(root, "scripts", "start.sh"), service)
		cmd.Env = append(os.Environ(), "PATH="+path, "BCRYPT_COST=4", "PORT="+strconv.Itoa(port+n), "ADMIN_PORT="+strconv.Itoa(port+n+operator.PortDistance),
			"USER_SERVICE_URL="+urls[0], "PRODUCT_SERVICE_URL="+urls[1], "ORDER_SERVICE_URL="+urls[2])
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			if err := cmd.Wait(); err != nil {
				t.Errorf("%s ended with %v\n%s", service, err, out.String())
			}
		})
		testkit.Eventually(t, patience, func() error {
			return exec.Command("curl", "-sf", urls[n]+"/readyz").Run()
		}, "%s is ready", service)
	}
	if out, err := smoke(t, "en", urls...); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	settings := filepath.Join(root, "user", ".env")
	info, err := os.Stat(settings)
	if err != nil || info.Mode().Perm() != 0o600 || strings.Contains(string(read(t, settings)), "change-me") {
		t.Errorf("%s: %v %v\n%s", settings, info.Mode(), err, read(t, settings))
	}
}

func TestTheStartScriptSaysHowItIsUsed(t *testing.T) {
	for _, args := range [][]string{nil, {"shop"}, {"users"}} {
		out, err := exec.Command("../../scripts/start.sh", args...).CombinedOutput()
		if code := exitCodeOf(err); code != 2 || !strings.HasPrefix(string(out), "usage: ") {
			t.Errorf("start.sh %v: exit code %d, %s", args, code, out)
		}
	}
}

// TestTheScriptForWindowsDoesTheSame as the one for other systems.
func TestTheScriptForWindowsDoesTheSame(t *testing.T) {
	text := read(t, "../../scripts/start.bat")
	if bare := bytes.ReplaceAll(text, []byte("\r\n"), nil); bytes.ContainsAny(bare, "\r\n") {
		t.Error("a line ends with something else than CR LF, which cmd.exe reads wrong")
	}
	sh := string(read(t, "../../scripts/start.sh"))
	for bat, same := range map[string]string{
		`(user product order notification)`: "user | product | order | notification)",
		`go run ./shop env %service%`:       `go run ./shop env "$service"`,
		`./%service%/cmd/%service%`:         `"./$service/cmd/$service"`,
		`cd "%service%"`:                    `cd "$service"`,
		`https://go.dev/dl`:                 `https://go.dev/dl`,
		`exit /b 2`:                         `exit 2`,
	} {
		if !strings.Contains(string(text), bat) || !strings.Contains(sh, same) {
			t.Errorf("not in both: %s, %s", bat, same)
		}
	}
}

// byHand is a folder like this repository's, for what a start by hand makes there,
// and a PATH whose go builds in the repository: the code is the one under test.
func byHand(t *testing.T) (root, path string) {
	t.Helper()
	root = t.TempDir()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range local.Names {
		write(t, filepath.Join(root, service, ".env.example"), read(t, filepath.Join(repository, service, ".env.example")), 0o600)
	}
	write(t, filepath.Join(root, "scripts", "start.sh"), read(t, filepath.Join(repository, "scripts", "start.sh")), 0o700)
	program, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "bin", "go"), fmt.Appendf(nil, `#!/usr/bin/env bash
set -eu
case $1 in
run) shift 2; exec %q "$@" ;;
build) cd %q && exec %q build -o %q/"$3" "$4" ;;
esac
exit 9
`, program, repository, compiler, root), 0o700)
	return root, filepath.Join(root, "bin") + string(os.PathListSeparator) + os.Getenv("PATH")
}

func write(t *testing.T, path string, text []byte, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, mode); err != nil {
		t.Fatal(err)
	}
}
