//go:build linux

package mesh_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"shop/mesh/meshtest"
)

// TestThousandsOfIdleConnectionsHoldNobodyUp opens ten thousand (fewer where the
// system allows fewer), lets a part of them begin a request and go silent, and
// asks as usual meanwhile.
func TestThousandsOfIdleConnectionsHoldNobodyUp(t *testing.T) {
	m := front(t, "product", "edge: {timeouts: {headers: 2s, body: 2s}}")
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	idle := make([]net.Conn, min(10_000, int(files.Cur)-1000))
	for i := range idle {
		conn, err := net.DialTimeout("tcp", m.Public("product"), 10*time.Second)
		if err != nil {
			t.Fatalf("connection %d: %v", i+1, err)
		}
		defer conn.Close()
		idle[i] = conn
	}
	const begun = 500
	for i, conn := range idle[:begun] {
		text := "GET /products HTTP/1.1\r\nHost: x\r\nA: "
		if i%2 == 0 {
			text = "POST /products HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	slowest := time.Duration(0)
	for range 50 {
		start := time.Now()
		if a := meshtest.Do(t, m.Public("product"), meshtest.Request{URI: "/products"}); a.Status != http.StatusOK {
			t.Fatalf("beside %d connections: %d %s", len(idle), a.Status, a.Body)
		}
		slowest = max(slowest, time.Since(start))
	}
	if slowest > 2*time.Second {
		t.Errorf("the slowest answer took %s", slowest)
	}
	for _, conn := range idle[:begun] {
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusRequestTimeout || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
			t.Fatalf("who went silent got %d %v", answer.StatusCode, answer.Header)
		}
	}
	t.Logf("%d idle connections, %d of them within a request: each of those got 408; the slowest other answer took %s", len(idle), begun, slowest.Round(time.Microsecond))
}
