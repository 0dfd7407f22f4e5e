package compose_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEveryContainerIsHardened(t *testing.T) {
	for _, files := range [][]string{nil, {"compose.load.yml"}, {"compose.dev.yml"}} {
		for name, s := range load(t, nil, files...).Services {
			if !s.ReadOnly {
				t.Errorf("%s can write to its root file system", name)
			}
			if !slices.Equal(s.CapDrop, []string{"ALL"}) {
				t.Errorf("%s keeps capabilities: it drops %v", name, s.CapDrop)
			}
			if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
				t.Errorf("%s can get new privileges", name)
			}
			if s.Privileged || s.Pid != "" || s.Ipc != "" || s.NetworkMode == "host" || len(s.Devices) > 0 {
				t.Errorf("%s has a part of the host", name)
			}
			if s.PidsLimit == 0 {
				t.Errorf("%s may start any number of processes", name)
			}
			if s.Logging == nil || s.Logging.Options["max-size"] == "" || s.Logging.Options["max-file"] == "" {
				t.Errorf("%s may fill the disk with its log", name)
			}
			for _, v := range s.Volumes {
				if v.Type == "bind" && (!v.ReadOnly || strings.Contains(v.Source, "docker.sock")) {
					t.Errorf("%s can write to %s of the host", name, v.Source)
				}
			}
		}
	}
}

func TestOnlyWhoGivesSecretsAwayIsRoot(t *testing.T) {
	for name, s := range load(t, nil).Services {
		if name == "secrets" {
			if s.User != "0:0" || s.NetworkMode != "none" || !slices.Equal(s.CapAdd, []string{"CHOWN", "DAC_OVERRIDE", "FOWNER"}) {
				t.Errorf("secrets may do more than give files away: user %s, network %s, %v", s.User, s.NetworkMode, s.CapAdd)
			}
			continue
		}
		if len(s.CapAdd) > 0 {
			t.Errorf("%s has capabilities: %v", name, s.CapAdd)
		}
		// Images of this repository have a user of their own.
		if user, _, _ := strings.Cut(s.User, ":"); user == "0" || user == "root" || user == "" && !own(s) {
			t.Errorf("%s is root", name)
		}
	}
}

func TestImagesOfThisRepositoryAreNotRoot(t *testing.T) {
	targets := strings.Split(read(t, "Dockerfile"), "\nFROM ")
	for _, name := range []string{"service", "edge", "mesh", "shop"} {
		n := slices.IndexFunc(targets, func(text string) bool {
			first, _, _ := strings.Cut(text, "\n")
			return strings.HasSuffix(first, " AS "+name)
		})
		if n < 0 || !strings.Contains(targets[n], "\nUSER 65532:65532\n") {
			t.Errorf("target %s has no user of its own", name)
		}
	}
}

func TestMemoryIsLimited(t *testing.T) {
	const most = 2_500_000_000 // bytes
	var sum int64
	for name, s := range load(t, nil).Services {
		if s.MemLimit <= 0 {
			t.Errorf("%s may take all memory", name)
		}
		if name != "grafana" && len(s.Profiles) == 0 {
			sum += int64(s.MemLimit)
		}
	}
	t.Logf("%d MB without Grafana", sum/1_000_000)
	if sum > most {
		t.Errorf("the limits sum up to %d bytes, more than %d", sum, most)
	}
}

// Measured: a connection that has served for a while is 3 MiB of its server's memory,
// and 0.3 for the kernel's tables.
func TestADatabaseHasRoomForItsConnections(t *testing.T) {
	const (
		mebibyte = 1 << 20
		each     = 3.3
		replicas = 5
		rest     = 10 // The server's own processes and the exporter's connection.
	)
	p := load(t, nil)
	buffers := regexp.MustCompile(`shared_buffers=(\d+)MB`)
	for _, name := range services {
		server := p.Services["postgres-"+name]
		found := buffers.FindStringSubmatch(join(server.Command))
		conns := p.Services[name].Environment["DATABASE_MAX_CONNS"]
		if found == nil || conns == nil {
			t.Errorf("%s: no shared_buffers or no DATABASE_MAX_CONNS", name)
			continue
		}
		shared, _ := strconv.Atoi(found[1])
		most, _ := strconv.Atoi(*conns)
		if want := rest + float64(shared) + replicas*each*float64(most); most == 0 || want > float64(server.MemLimit)/mebibyte {
			t.Errorf("%s with %d replicas needs %.0f MiB of its database, which has %d", name, replicas, want, server.MemLimit/mebibyte)
		}
	}
}
