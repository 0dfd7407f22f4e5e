package e2e

import (
	"bytes"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // To make a database from the future.

	"shop/kit/sqldb"
	"shop/kit/testkit"
	"shop/shop/operator"
)

func TestTheCommandRunsStopsAndGoesOn(t *testing.T) {
	dir, port := t.TempDir(), testkit.Ports(t, operator.PortDistance)
	p := spawn(t, dir, port)
	at := []string{"--base-port", strconv.Itoa(port)}
	run := func(args ...string) string {
		t.Helper()
		code, out, bad := shop(t, nil, append(args, at...)...)
		if code != 0 {
			t.Fatalf("shop %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, bad)
		}
		return out
	}
	if out := run("demo"); !strings.Contains(out, "no surprise") || strings.Contains(out, "✗") {
		t.Errorf("demo says\n%s", out)
	}
	if out := run("seed"); !strings.Contains(out, "3 users and 36 products made, 0 were there") {
		t.Errorf("seed says %q", out)
	}
	if out := run("seed"); !strings.Contains(out, "0 users and 0 products made, 39 were there") {
		t.Errorf("the second seed says %q", out)
	}
	if out := run("load", "--duration", "1s", "--buyers", "2"); !strings.Contains(out, " 0 failed") {
		t.Errorf("load says %q", out)
	}
	if out := run("load", "--duration", "1s", "--json"); !strings.Contains(out, `"failed":0`) {
		t.Errorf("load --json says %q", out)
	}
	out := run("order", "1")
	for _, part := range []string{"pending", "cancelled", "order.created", "order.status_changed", "sent", "ordered"} {
		if !strings.Contains(out, part) {
			t.Errorf("order 1 does not show %q:\n%s", part, out)
		}
	}
	if out := run("dlq", "list"); !strings.Contains(out, "No dead letters") {
		t.Errorf("dlq list says %q", out)
	}
	if out := run("dlq", "replay", "order_notifications"); !strings.Contains(out, "0 put back") {
		t.Errorf("dlq replay says %q", out)
	}
	if out := run("relay", "hold"); !strings.Contains(out, "events wait in the outbox") {
		t.Errorf("relay hold says %q", out)
	}
	if out := run("relay", "release"); !strings.Contains(out, "released") {
		t.Errorf("relay release says %q", out)
	}
	if code, _, bad := shop(t, nil, append(at, "order", "4711")...); code != 1 || !strings.Contains(bad, "there is no order 4711") {
		t.Errorf("order 4711: exit code %d, %q", code, bad)
	}
	if code := p.interrupt(t); code != 0 {
		t.Errorf("Ctrl-C: exit code %d\n%s", code, p.out.String())
	}
	if text := p.out.String(); !strings.Contains(text, "is ready") || !strings.Contains(text, "http://127.0.0.1:"+strconv.Itoa(port)) {
		t.Errorf("the shop says\n%s", text)
	}
	secret := filepath.Join(dir, "secrets", "secret_key")
	before := read(t, secret)
	if info, err := os.Stat(secret); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret's mode is %v (%v), want 0600", info.Mode(), err)
	}
	again := spawn(t, dir, port)
	if !bytes.Equal(before, read(t, secret)) {
		t.Error("the second start made another secret")
	}
	if code := again.interrupt(t); code != 0 {
		t.Errorf("second stop: exit code %d\n%s", code, again.out.String())
	}
}

func TestAThrowAwayShopLeavesNothing(t *testing.T) {
	temporary := t.TempDir()
	p := spawn(t, ":memory:", testkit.Ports(t, operator.PortDistance), "TMPDIR="+temporary)
	if code := p.interrupt(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.out.String())
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestOneClearLine: whatever is wrong at the start is said in a line that names
// it, and the exit code tells settings from failures.
func TestOneClearLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	takenPort := taken.Addr().(*net.TCPAddr).Port
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	free := strconv.Itoa(testkit.Ports(t, operator.PortDistance))
	for name, c := range map[string]struct {
		environ []string
		args    []string
		code    int
		says    []string
	}{
		"port in use":            {nil, []string{"--data", t.TempDir(), "--base-port", strconv.Itoa(takenPort)}, 1, []string{strconv.Itoa(takenPort), "in use"}},
		"data is a file":         {nil, []string{"--data", file, "--base-port", free}, 1, []string{file}},
		"newer database":         {nil, []string{"--data", newerDatabase(t), "--base-port", free}, 1, []string{"newer"}},
		"wrong settings at once": {[]string{"LOG_LEVEL=loud", "CACHE_TTL=never", "MAX_CONCURRENCY=0"}, []string{"--data", t.TempDir(), "--base-port", free}, 2, []string{"LOG_LEVEL", "CACHE_TTL", "MAX_CONCURRENCY"}},
		"unknown flag":           {nil, []string{"--colour"}, 2, []string{"--colour"}},
		"a load of nothing":      {nil, []string{"load", "--rate", "0"}, 2, []string{"rate is 0"}},
		"unknown command":        {nil, []string{"sell"}, 2, []string{"sell"}},
		"no order id":            {nil, []string{"order", "seven"}, 2, []string{"seven"}},
		"nobody there":           {nil, []string{"demo", "--base-port", free}, 1, []string{"refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, bad := shop(t, c.environ, c.args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, part := range c.says {
				if !strings.Contains(bad, part) {
					t.Errorf("%q does not name %q", bad, part)
				}
			}
			if strings.Contains(bad, "goroutine ") || strings.Contains(out, "is ready") {
				t.Errorf("says %s%s", out, bad)
			}
		})
	}
}

// newerDatabase returns a data directory whose user database has been migrated
// by a version of the future, with which this one can't work.
func newerDatabase(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	p := spawn(t, dir, testkit.Ports(t, operator.PortDistance))
	if code := p.interrupt(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, p.out.String())
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "user.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1); CREATE TABLE " + sqldb.Floor + " AS SELECT 99998 AS version"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
