package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/lib/pq"
)

const (
	postgresUser = "postgres"
	// The pools of all packages that are tested at the same time fit in.
	postgresConns = 500
)

// A process finds its command's files here. PostgreSQL is given its directory as
// an open file, and initdb the password too: started by root it runs as somebody
// who may not enter the directories above.
const (
	firstFile  = "/proc/self/fd/3"
	secondFile = "/proc/self/fd/4"
)

// postgres is a PostgreSQL in a directory.
type postgres struct {
	options  Options
	bin      string // Directory of its programs; "" = they are on PATH.
	account  *account
	password string
}

// StartPostgres starts PostgreSQL, at the first time in a directory with a new
// cluster (UTF-8, superuser postgres), and returns when it answers a query. As
// root it runs as user postgres, else as nobody.
func StartPostgres(ctx context.Context, o Options) (*Server, error) {
	o, err := prepare(o)
	if err != nil {
		return nil, err
	}
	p := &postgres{options: o}
	if p.bin, err = postgresBin(p.data()); err != nil {
		return nil, err
	}
	if p.account, err = unprivileged(); err != nil {
		return nil, err
	}
	if p.password, err = password(o.Dir); err != nil {
		return nil, err
	}
	if err := p.initialise(ctx); err != nil {
		return nil, err
	}
	return open(ctx, o, design{
		name: "PostgreSQL", commands: p.commands, url: p.url, ask: askPostgres, stop: syscall.SIGINT, // Fast shutdown.
	})
}

// postgresBin finds the programs of the version that wrote data, else the newest.
func postgresBin(data string) (string, error) {
	files := byVersion("/usr/lib/postgresql/*/bin/initdb")
	if version, err := os.ReadFile(filepath.Join(data, "PG_VERSION")); err == nil { //nolint:gosec // G304: the engine's own directory.
		files = append([]string{"/usr/lib/postgresql/" + strings.TrimSpace(string(version)) + "/bin/initdb"}, files...)
	}
	initdb, err := program("initdb", "postgresql", files...)
	return filepath.Dir(initdb), err
}

func (p *postgres) data() string { return filepath.Join(p.options.Dir, "data") }

// initialise makes the cluster if there is none.
func (p *postgres) initialise(ctx context.Context) error {
	if _, err := os.Stat(p.data()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Whole or not at all: a killed initdb leaves what is no cluster.
	unfinished := p.data() + ".new"
	if err := errors.Join(os.RemoveAll(unfinished), os.Mkdir(unfinished, 0o700), p.account.own(unfinished)); err != nil {
		return fmt.Errorf("make the directory of PostgreSQL: %w", err)
	}
	secret, err := p.passwordFile()
	if err != nil {
		return err
	}
	c, err := p.command("initdb", unfinished, "--username="+postgresUser, "--auth=scram-sha-256", "--pwfile="+secondFile,
		"--encoding=UTF8", "--locale=C.UTF-8")
	if err != nil {
		return errors.Join(err, secret.Close())
	}
	c.files = append(c.files, secret)
	if p.options.Fast {
		c.args = append(c.args, "--no-sync")
	}
	var said strings.Builder
	if err := run(ctx, c, &said); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(said.String()))
	}
	return os.Rename(unfinished, p.data())
}

// passwordFile returns the password as an open file that has no name any more.
func (p *postgres) passwordFile() (*os.File, error) {
	f, err := os.CreateTemp(p.options.Dir, "password-*")
	if err != nil {
		return nil, fmt.Errorf("password for initdb: %w", err)
	}
	_, err = f.WriteString(p.password)
	if err := errors.Join(err, p.account.own(f.Name()), os.Remove(f.Name())); err != nil {
		return nil, errors.Join(fmt.Errorf("password for initdb: %w", err), f.Close())
	}
	return f, nil
}

func (p *postgres) commands(port int) ([]command, error) {
	settings := map[string]string{
		"listen_addresses":        host,
		"port":                    strconv.Itoa(port),
		"unix_socket_directories": "",
		"max_connections":         strconv.Itoa(postgresConns),
		// In the directory too, so that nothing is left in /dev/shm after a kill.
		"dynamic_shared_memory_type": "mmap",
	}
	if p.options.Fast {
		settings["fsync"], settings["full_page_writes"] = "off", "off"
	}
	c, err := p.command("postgres", p.data())
	for name, value := range settings {
		c.args = append(c.args, "-c", name+"="+value)
	}
	return []command{c}, err
}

// command returns one of PostgreSQL's programs, to run on the directory data.
func (p *postgres) command(name, data string, args ...string) (command, error) {
	dir, err := os.Open(data) //nolint:gosec // G304: the engine's own directory.
	if err != nil {
		return command{}, fmt.Errorf("open the directory of PostgreSQL: %w", err)
	}
	return command{
		path: filepath.Join(p.bin, name), args: append([]string{"-D", firstFile}, args...),
		env: []string{"PATH=" + os.Getenv("PATH")}, dir: "/", account: p.account, files: []*os.File{dir},
		orphan: syscall.SIGQUIT, // Immediate shutdown: it ends its own processes and frees its shared memory.
	}, nil
}

func (p *postgres) url(port int) string {
	u := url.URL{
		Scheme: "postgresql", User: url.UserPassword(postgresUser, p.password),
		Host: host + ":" + strconv.Itoa(port), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return u.String()
}

func askPostgres(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	// The driver watches ctx while it dials and while it queries, not in between.
	query := u.Query()
	query.Set("connect_timeout", strconv.Itoa(int(askTime.Seconds())))
	u.RawQuery = query.Encode()
	connector, err := pq.NewConnector(u.String())
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	var one int
	return errors.Join(db.QueryRowContext(ctx, "SELECT 1").Scan(&one), db.Close())
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
