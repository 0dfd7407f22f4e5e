package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"shop/mesh"
)

// TestTheAgentIsSmall: it stands beside every service, so its memory counts for
// each.
func TestTheAgentIsSmall(t *testing.T) {
	const most = 15 << 10 // KiB
	s := startAgent(t, build(t))
	s.metric(t, "mesh_agent_serving 1")
	must(t, os.WriteFile(filepath.Join(s.dir, "mesh.yaml"), append([]byte("# Another comment.\n"), mesh.Policy...), 0o600))
	s.metric(t, `mesh_agent_config_updates_total{result="taken"} 1`)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	must(t, err)
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	size, err := strconv.Atoi(strings.Fields(rest)[0])
	must(t, err)
	t.Logf("%d KiB", size)
	if size > most {
		t.Errorf("the agent has %d KiB, more than %d", size, most)
	}
}
