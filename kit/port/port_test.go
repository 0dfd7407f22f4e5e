package port_test

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"shop/kit/port"
)

const others = "PORT_TEST_OTHERS"

// TestMain is also another process, which takes ports until its input ends.
func TestMain(m *testing.M) {
	n, err := strconv.Atoi(os.Getenv(others))
	if err != nil {
		os.Exit(m.Run())
	}
	for range n {
		p, err := port.Free()
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString(strconv.Itoa(p) + "\n")
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
}

func TestAPortIsFreeAndGivenOnce(t *testing.T) {
	seen := map[int]bool{}
	for range 500 {
		p, err := port.Free()
		if err != nil {
			t.Fatal(err)
		}
		if seen[p] {
			t.Fatalf("%d was given twice", p)
		}
		seen[p] = true
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
}

// TestTwoProcessesGetDifferentPorts: of 19,000 ports two lots of 1,000 drawn
// without a word between them would share about 50.
func TestTwoProcessesGetDifferentPorts(t *testing.T) {
	const n = 1000
	seen := map[string]bool{}
	for range 2 {
		other := exec.CommandContext(t.Context(), os.Args[0])
		other.Env = append(os.Environ(), others+"="+strconv.Itoa(n))
		hold, err := other.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := other.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = hold.Close(); _ = other.Wait() })
		read := make([]byte, 0, 8*n)
		for buffer := make([]byte, 4096); strings.Count(string(read), "\n") < n; {
			k, err := out.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, buffer[:k]...)
		}
		for p := range strings.FieldsSeq(string(read)) {
			if seen[p] {
				t.Errorf("%s was given to both", p)
			}
			seen[p] = true
		}
	}
}
