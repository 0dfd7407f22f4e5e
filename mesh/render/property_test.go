package render_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"shop/mesh"
	"shop/mesh/policy"
	"shop/mesh/render"
)

// TestWhateverAPolicySaysCanBeRendered: what Parse takes, the rules of Envoy's
// messages take too, wherever a workload is.
func TestWhateverAPolicySaysCanBeRendered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := func(name string, low, high int) string { return fmt.Sprint(rapid.IntRange(low, high).Draw(t, name)) }
		millis := func(name string, low, high int) string { return whole(name, low, high) + "ms" }
		overlay := strings.Join([]string{
			"edge:",
			"  trusted_hops: 0",
			"  limits: {body: " + whole("body", 1, 64<<10) + "KiB, header_bytes: " + whole("header_bytes", 1, 96) + "KiB, headers: " + whole("headers", 10, 1000) + "}",
			"  timeouts: {idle: " + millis("idle", 1000, 3_600_000) + ", headers: " + millis("headers_time", 100, 60_000) + ", stream: 2m}",
			"  rest: {timeout: " + millis("rest", 200, 60_000) + ", rate: " + whole("rate", 1, 10_000_000) + "}",
			"  routes: {user: {/login: {timeout: " + millis("login", 200, 60_000) + "}, \"/users/{id}/x-y.z\": {rate: 1}}}",
			"  refuse: [" + rapid.SampledFrom([]string{"", "/internal", "/a, /b.c"}).Draw(t, "refuse") + "]",
			"calls: {order: {user: {POST /validate-token: {timeout: " + millis("call", 600, 60_000) + ", retry: {retries: " + whole("retries", 1, 5) + ", on: [" +
				rapid.SampledFrom([]string{"connection", "connection, reset", "gateway", "reset, gateway, connection"}).Draw(t, "on") + "]}}}}}",
			"upstream:",
			"  budget: {percent: " + whole("percent", 1, 100) + ", floor: " + whole("floor", 1, 1000) + "}",
			"  outlier: {failures: " + whole("failures", 1, 1000) + ", max_percent: " + whole("max_percent", 0, 100) + "}",
			"  health: {interval: 1m, timeout: " + millis("health", 10, 60_000) + ", unhealthy: " + whole("unhealthy", 1, 100) + "}",
			"access_log: " + rapid.SampledFrom([]string{"all", "errors", "none"}).Draw(t, "log"),
			"tracing: {percent: " + whole("traced", 0, 100) + "}",
		}, "\n")
		p, err := policy.Parse(mesh.PolicyName, mesh.Policy, policy.Source{Name: "overlay", Text: []byte(overlay)})
		if err != nil {
			t.Fatalf("%v\n%s", err, overlay)
		}
		workload := rapid.SampledFrom(p.Workloads()).Draw(t, "workload")
		at := render.Container(p, workload)
		at.OTLP = rapid.SampledFrom([]string{"", "collector:4317", "[::1]:4317"}).Draw(t, "otlp")
		files, err := render.Workload(p, workload, at)
		if err != nil {
			t.Fatalf("%v\n%s", err, overlay)
		}
		if _, err := render.Static(files); err != nil {
			t.Fatal(err)
		}
	})
}
