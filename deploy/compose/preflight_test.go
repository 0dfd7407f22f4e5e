package compose_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// machine is what a docker that is none says.
type machine struct {
	compose, info string // "" = it fails.
	ports         string
	environ       []string
}

// good is a machine on which the shop starts.
func good() machine { return machine{compose: "2.40.3", info: "linux x86_64 8000000000"} }

// preflight runs scripts/preflight.sh on m, with all ports of the shop free, and
// returns what it says.
func preflight(t *testing.T, m machine) (said string, code int) {
	t.Helper()
	dir := t.TempDir()
	answer := func(text string) string {
		if text == "" {
			return "exit 1"
		}
		return "echo '" + text + "'"
	}
	docker := fmt.Sprintf("#!/bin/sh\ncase $1 in\ncompose) %s ;;\ninfo) %s ;;\nps) echo '%s' ;;\nesac\n", answer(m.compose), answer(m.info), m.ports)
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(docker), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", filepath.Join(root, "scripts/preflight.sh"))
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "DOCKER_DEFAULT_PLATFORM=")
	for n, name := range ports(t) {
		cmd.Env = append(cmd.Env, name+"="+strconv.Itoa(n+1)) // Nobody listens there.
	}
	cmd.Env = append(cmd.Env, m.environ...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// ports returns the variables that choose a port.
func ports(t *testing.T) (found []string) {
	t.Helper()
	for name := range settings(t, ".env.example") {
		if strings.HasSuffix(name, "_PORT") && strings.HasPrefix(name, "SHOP_") {
			found = append(found, name)
		}
	}
	return found
}

func TestAMachineThatWillDoHearsNothing(t *testing.T) {
	for name, m := range map[string]machine{
		"Intel":           good(),
		"Arm":             {compose: "v2.20.0", info: "linux aarch64 2900000000"},
		"Docker Desktop":  {compose: "2.40.3-desktop.1", info: "linux x86_64 8000000000"},
		"a later Compose": {compose: "5.1.0", info: "linux x86_64 8000000000"},
		"its platform":    {compose: "2.40.3", info: "linux aarch64 8000000000", environ: []string{"DOCKER_DEFAULT_PLATFORM=linux/arm64/v8"}},
	} {
		t.Run(name, func(t *testing.T) {
			if said, code := preflight(t, m); said != "" || code != 0 {
				t.Errorf("exit code %d: %s", code, said)
			}
		})
	}
}

func TestWhatIsWrongWithAMachineIsOneLineThatSaysWhatToDo(t *testing.T) {
	for name, tt := range map[string]struct {
		machine machine
		want    string
	}{
		"no Compose":      {machine{info: "linux x86_64 8000000000"}, "shop: docker has no compose (the old docker-compose does not do); install the plugin: https://docs.docker.com/compose/install"},
		"an old Compose":  {machine{compose: "2.3.3", info: "linux x86_64 8000000000"}, "shop: Docker Compose 2.3.3 is too old; 2.20.0 or newer is needed: https://docs.docker.com/compose/install"},
		"no engine":       {machine{compose: "2.40.3"}, "shop: docker does not answer; start Docker, or let this user use it (docker info says why not)"},
		"Windows":         {machine{compose: "2.40.3", info: "windows x86_64 8000000000"}, "shop: docker runs windows containers; switch it to Linux containers"},
		"another machine": {machine{compose: "2.40.3", info: "linux riscv64 8000000000"}, "shop: this machine is riscv64; Envoy has images for x86_64 and aarch64 only"},
		"another platform": {machine{compose: "2.40.3", info: "linux aarch64 8000000000", environ: []string{"DOCKER_DEFAULT_PLATFORM=linux/amd64"}},
			"shop: DOCKER_DEFAULT_PLATFORM is linux/amd64, but this machine is linux/arm64; unset it"},
		"little memory": {machine{compose: "2.40.3", info: "linux x86_64 2000000000"}, "shop: docker has 2000 MB of memory, the shop may need 2800; give it more (Docker Desktop: Settings, Resources)"},
		"two faults": {machine{compose: "1.29.2", info: "linux x86_64 1000000000"}, "shop: Docker Compose 1.29.2 is too old; 2.20.0 or newer is needed: https://docs.docker.com/compose/install\n" +
			"shop: docker has 1000 MB of memory, the shop may need 2800; give it more (Docker Desktop: Settings, Resources)"},
	} {
		t.Run(name, func(t *testing.T) {
			if said, code := preflight(t, tt.machine); said != tt.want+"\n" || code != 2 {
				t.Errorf("exit code %d:\n%swant\n%s", code, said, tt.want)
			}
		})
	}
}

func TestAPortThatIsInUseIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	m := good()
	m.environ = []string{"SHOP_ORDER_PORT=" + port}
	want := "shop: port " + port + " of this machine is in use; stop what uses it, or choose another: SHOP_ORDER_PORT=… in .env\n"
	if said, code := preflight(t, m); said != want || code != 2 {
		t.Errorf("exit code %d:\n%swant\n%s", code, said, want)
	}
	m.ports = "127.0.0.1:" + port + "->8003/tcp"
	if said, code := preflight(t, m); said != "" || code != 0 {
		t.Errorf("of a shop that runs: exit code %d: %s", code, said)
	}
}

// The memory that is asked for is what the containers may take.
func TestTheMemoryThatIsAskedForIsTheLimits(t *testing.T) {
	var sum int64
	for _, s := range running(load(t, nil)).Services {
		sum += int64(s.MemLimit)
	}
	if text := read(t, "scripts/preflight.sh"); !strings.Contains(text, "MEMORY=$((2800 * 1000 * 1000))") || sum > 2_800_000_000 {
		t.Errorf("the limits are %d MB, scripts/preflight.sh asks for another sum", sum/1_000_000)
	}
}
