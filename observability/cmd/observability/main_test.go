package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shop/observability/dashboard"
)

// command runs one command line and returns its exit code and what it wrote.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(t.Context(), newRoot(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestRenderWritesWhatIsStale(t *testing.T) {
	dir := t.TempDir()
	if code, out, _ := command(t, "render", "--check", dir); code != exitFailure || strings.Count(out, "stale: ") != len(dashboard.All()) {
		t.Errorf("nothing is there yet: exit code %d\n%s", code, out)
	}
	if code, out, errs := command(t, "render", dir); code != 0 || strings.Count(out, ".json\n") != len(dashboard.All()) {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	file := filepath.Join(dir, "shop-cache.json")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := command(t, "render", "--check", dir); out != "stale: "+file+"\n" {
		t.Errorf("one is stale: %s", out)
	}
	if code, out, _ := command(t, "render", dir); code != 0 || out != file+"\n" {
		t.Errorf("exit code %d, wrote %s", code, out)
	}
	if code, _, errs := command(t, "render", filepath.Join(dir, "nowhere")); code != exitFailure || !strings.Contains(errs, "nowhere") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// prometheus answers queries with answer, which returns an error's text or samples.
func prometheus(t *testing.T, answer func(query string) (samples []any, fault string)) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		samples, fault := answer(r.FormValue("query"))
		if fault != "" {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]any{"status": "error", "errorType": "bad_data", "error": fault})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": samples}})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// one is a sample of a series with every label that a legend may name.
func one(value string) []any {
	return []any{map[string]any{
		"metric": map[string]string{"service": "order", "cache": "product", "le": "0.1"}, "value": []any{1e9, value},
	}}
}

func TestPanelsSayWhatTheyShow(t *testing.T) {
	url := prometheus(t, func(query string) ([]any, string) {
		if strings.Contains(query, "$") {
			t.Errorf("nobody filled in %s", query)
		}
		return one("0.5"), ""
	})
	code, out, errs := command(t, "panels", "--prometheus", url)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, b := range dashboard.All() {
		if !strings.Contains(out, "══ "+b.Title+"  /d/"+b.UID+"\n") {
			t.Errorf("%s is not shown", b.UID)
		}
	}
	for _, want := range []string{
		"── Does the cache do its work?\n", "   Hit ratio, 5 minutes\n      product  50 %\n", "   Failed requests\n      order  50 %\n",
		"One hop from four places (p95)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if _, only, _ := command(t, "panels", "--prometheus", url, "--dashboard", "shop-cache"); strings.Count(only, "══ ") != 1 {
		t.Errorf("one was asked for:\n%s", only)
	}
}

func TestPanelsWithoutAnAnswerFail(t *testing.T) {
	silent := prometheus(t, func(query string) ([]any, string) {
		if strings.Contains(query, "redis_up") || strings.Contains(query, "ALERTS{") && !strings.Contains(query, "vector(0)") {
			return nil, ""
		}
		return one("1"), ""
	})
	code, out, errs := command(t, "panels", "--prometheus", silent)
	if code != exitFailure || strings.Count(errs, "no answer") != 1 || !strings.Contains(errs, "shop-cache / Redis: redis: no answer") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if !strings.Contains(out, "      none: while all is well nothing fires\n") {
		t.Error("it does not say why nothing fires")
	}
	nothing := prometheus(t, func(string) ([]any, string) { return one("NaN"), "" })
	if code, _, errs := command(t, "panels", "--prometheus", nothing); code != exitFailure || !strings.Contains(errs, "no answer") {
		t.Errorf("NaN is no answer: exit code %d: %s", code, errs)
	}
	angry := prometheus(t, func(string) ([]any, string) { return nil, "parse error" })
	if code, _, errs := command(t, "panels", "--prometheus", angry); code != exitFailure || !strings.Contains(errs, "parse error") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestCommandLine(t *testing.T) {
	if code, out, _ := command(t); code != 0 || !strings.Contains(out, "panels") || !strings.Contains(out, "render") {
		t.Errorf("exit code %d: %s", code, out)
	}
	for _, args := range [][]string{{"panels", "--no-such"}, {"panels", "--rate-interval", "often"}} {
		if code, _, errs := command(t, args...); code != exitUsage || !strings.Contains(errs, "observability: ") {
			t.Errorf("%v: exit code %d: %s", args, code, errs)
		}
	}
}
