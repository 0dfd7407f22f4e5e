package testkit_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/lib/pq" // Asks the server of the tests.
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"shop/kit/testkit"
)

// TestMain shows that Main leaves nothing behind.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(runner{m})
}

type runner struct{ m *testing.M }

func (r runner) Run() int { return testkit.Main(r.m) }

func client(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestEachTestHasARedisDatabaseOfItsOwn(t *testing.T) {
	private := testkit.Redis(t)
	for name, server := range map[string]string{"private": "", "from outside": private} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(testkit.RedisURL, server)
			last := ""
			for range 2 {
				t.Run("a test", func(t *testing.T) {
					first, second := client(t, testkit.Redis(t)), client(t, testkit.Redis(t))
					if n := first.DBSize(t.Context()).Val(); n != 0 {
						t.Errorf("the database has %d keys, want none", n)
					}
					if err := first.Set(t.Context(), "key", "value", 0).Err(); err != nil {
						t.Fatal(err)
					}
					if err := second.Get(t.Context(), "key").Err(); !errors.Is(err, redis.Nil) {
						t.Errorf("another test sees the key: %v", err)
					}
					last = first.Options().Addr
				})
			}
			if last == "" {
				t.Error("no test ran")
			}
		})
	}
	if n := client(t, private).DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("%d databases are still claimed", n)
	}
}

func TestPostgresIsOneServerForAll(t *testing.T) {
	t.Setenv(testkit.PostgresURL, "")
	url := testkit.Postgres(t)
	if again := testkit.Postgres(t); again != url {
		t.Errorf("first %s, then %s", url, again)
	}
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE a_test"); err != nil {
		t.Error(err)
	}
}

func TestEnginesFromOutsideAreUsed(t *testing.T) {
	t.Setenv(testkit.PostgresURL, "postgresql://there")
	t.Setenv(testkit.RabbitMQURL, "amqp://there")
	if got := testkit.Postgres(t); got != "postgresql://there" {
		t.Errorf("Postgres is %s", got)
	}
	if got := testkit.RabbitMQ(t); got != "amqp://there" {
		t.Errorf("RabbitMQ is %s", got)
	}
}

// TestTheEnginesCommand: the command sees the engines, its exit code is handed
// on, and nothing is left.
func TestTheEnginesCommand(t *testing.T) {
	temporary := t.TempDir()
	binary := filepath.Join(t.TempDir(), "engines")
	if out, err := exec.Command("go", "build", "-o", binary, "shop/kit/testkit/cmd/engines").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(args ...string) (string, int) {
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "TMPDIR="+temporary, testkit.PostgresURL+"=", testkit.RedisURL+"=", testkit.RabbitMQURL+"=amqp://there")
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, code := run("--", "sh", "-c", `echo "$SHOP_TEST_POSTGRES_URL $SHOP_TEST_REDIS_URL $SHOP_TEST_RABBITMQ_URL"; exit 7`)
	if code != 7 || !strings.Contains(out, "postgresql://postgres:") || !strings.Contains(out, "redis://:") || !strings.Contains(out, "amqp://there") {
		t.Errorf("exit code %d, %s", code, out)
	}
	if left, err := os.ReadDir(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	for _, args := range [][]string{nil, {"no-such-command"}} {
		if out, code := run(args...); code == 0 || strings.Count(out, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q, want one line", args, code, out)
		}
	}
}
