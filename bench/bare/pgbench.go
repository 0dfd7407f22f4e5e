package bare

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed orders.sql
var ordersScript []byte

// Pgbench places orders by PostgreSQL's own load generator.
type Pgbench struct {
	URL       string            // Of a database with the schemas user_service, product_service and order_service.
	Variables map[string]string // Of orders.sql, apart from seq and run.

	runs int
}

// connecting is what pgbench may spend of its time on its connections, which it
// leaves out of the rate.
const connecting = time.Second

// Orders is what Orders of this package is for SQLite.
func (p *Pgbench) Orders(ctx context.Context, clients int, d time.Duration) (float64, error) {
	p.runs++
	args := []string{
		"--no-vacuum", "--protocol=prepared", "--file=-",
		"--client=" + strconv.Itoa(clients), "--jobs=2", "--time=" + strconv.Itoa(int((d + connecting).Seconds())),
		"--define=seq=0", "--define=run=" + strconv.Itoa(p.runs),
	}
	for name, value := range p.Variables {
		args = append(args, "--define="+name+"="+value)
	}
	out, err := run(ctx, ordersScript, "pgbench", append(args, p.URL)...)
	if err != nil {
		return 0, err
	}
	return throughput(string(out))
}

var (
	pgbenchRate   = regexp.MustCompile(`(?m)^tps = ([0-9.]+) `)
	pgbenchFailed = regexp.MustCompile(`(?m)^number of failed transactions: ([0-9]+) `)
)

// throughput reads what pgbench prints.
func throughput(printed string) (float64, error) {
	rate, failed := pgbenchRate.FindStringSubmatch(printed), pgbenchFailed.FindStringSubmatch(printed)
	if rate == nil || failed != nil && failed[1] != "0" {
		return 0, fmt.Errorf("pgbench says %q", printed)
	}
	return strconv.ParseFloat(rate[1], 64)
}

// CopyDatabase copies a database with all its rows into another one, as a schema
// of that. Both are given by their URLs.
func CopyDatabase(ctx context.Context, from, to, schema string) error {
	dump, err := run(ctx, nil, "pg_dump", "--no-owner", from)
	if err != nil {
		return err
	}
	dump = fmt.Appendf(dump, "ALTER SCHEMA public RENAME TO %s; CREATE SCHEMA public;", schema)
	_, err = run(ctx, dump, "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", to)
	return err
}

// run runs a program and returns what it prints.
func run(ctx context.Context, input []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, failure bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &failure
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(failure.String()))
	}
	return out.Bytes(), nil
}
