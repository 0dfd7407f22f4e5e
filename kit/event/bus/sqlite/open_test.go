package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shop/kit/event"
	"shop/kit/event/bus/sqlite"
	"shop/kit/sqldb"
	"shop/kit/telemetry"
	"shop/kit/testkit"
)

// A publisher that was built before a queue existed feeds it all the same.
func TestBindingsAreTheFilesNotTheProgrammes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	publisher := open(t, path, event.Topology{})
	if err := publisher.Publish(t.Context(), []event.Event{made("1", 1)})[0]; !errors.Is(err, event.ErrReturned) {
		t.Errorf("Publish = %v, want it returned", err)
	}
	consumer := open(t, path, topology)
	publish(t, publisher, made("1", 1))
	var in inbox
	consume(t, consumer, in.Handle)
	testkit.Eventually(t, 10*time.Second, func() bool { return len(in.list()) == 1 }, "the message arrives")
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("no database, but longer than the header of one\n"+strings.Repeat("x", 4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"no database":        file,
		"a path in a file":   filepath.Join(file, "bus.db"),
		"a directory":        dir,
		"a file of tomorrow": newer(t, filepath.Join(dir, "newer.db")),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := sqlite.Open(t.Context(), path, topology, telemetry.Nop())
			if err == nil {
				b.Close()
				t.Fatal("Open succeeded")
			}
			if text := err.Error(); !strings.HasPrefix(text, "open the bus") || strings.Contains(text, "\n") {
				t.Errorf("Open = %q, want one line that says what was being opened", text)
			}
		})
	}
}

// newer makes a bus that a later version of this program has migrated, and that
// only later ones can work with.
func newer(t *testing.T, path string) string {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, topology, telemetry.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), "sqlite:///"+path, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`,
		`CREATE TABLE ` + sqldb.Floor + ` (version BIGINT NOT NULL)`,
		`INSERT INTO ` + sqldb.Floor + ` (version) VALUES (99999)`,
	} {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestMessagesSurviveReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "bus.db") // The directory is made too.
	b, err := sqlite.Open(t.Context(), path, topology, telemetry.Nop())
	if err != nil {
		t.Fatal(err)
	}
	publish(t, b, made("1", 1), made("1", 2))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path, topology)
	if d, err := again.Depth(t.Context(), "things"); err != nil || d != (event.Depth{Waiting: 2}) {
		t.Errorf("Depth = %+v, %v; want 2 waiting", d, err)
	}
	var in inbox
	consume(t, again, in.Handle)
	testkit.Eventually(t, 10*time.Second, func() bool { return len(in.list()) == 2 }, "messages arrive")
}
