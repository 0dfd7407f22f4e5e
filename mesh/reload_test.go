package mesh_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/mesh/meshtest"
	"shop/mesh/render"
)

// TestAChangedPolicyComesIntoUse without a restart, and one that Envoy refuses
// leaves the old one in use.
func TestAChangedPolicyComesIntoUse(t *testing.T) {
	m := front(t, "user")
	edge := m.Envoys["edge"]
	at := edge.Place
	limit := func() string {
		got, _, _ := strings.Cut(meshtest.Do(t, m.Public("user"), meshtest.Request{URI: "/login"}).Header.Get("X-Ratelimit-Limit"), ",")
		return got
	}
	if got := limit(); got != "60" {
		t.Fatalf("at first %s", got)
	}
	files, err := render.Workload(meshtest.Policy(t, "edge: {routes: {user: {/login: {rate: 77}}}}"), "edge", at)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := files.Write(at.Config); err != nil || len(changed) != 1 || changed[0] != render.ListenersFile {
		t.Fatalf("changed %v %v", changed, err)
	}
	testkit.Eventually(t, 30*time.Second, func() bool { return limit() == "77" }, "the new limit")

	// What can't be read, and what can't be right, count as different things.
	right := files[render.ListenersFile]
	for _, wrong := range []struct{ old, text, counter string }{
		{"max_tokens: 77", "max_tokens: many", "listener_manager.lds.update_failure"},
		{"regex: GET|HEAD", `regex: "GET("`, "listener_manager.lds.update_rejected"},
	} {
		files[render.ListenersFile] = bytes.Replace(right, []byte(wrong.old), []byte(wrong.text), 1)
		if _, err := files.Write(at.Config); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, 30*time.Second, func() bool { return edge.Stat(wrong.counter) > 0 }, wrong.counter)
		if got := limit(); got != "77" {
			t.Errorf("after %s the limit is %s, want what was", wrong.text, got)
		}
	}
}
