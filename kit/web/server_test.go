package web_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"shop/kit/testkit"
	"shop/kit/web"
)

// listening serves h on a real socket and returns its address.
func listening(t testing.TB, h http.Handler, o web.ServerOptions) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := web.Server(h, o)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// dial opens a connection that ends with the test, or after a minute.
func dial(t testing.TB, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

func send(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func TestSlowClientsAreHungUpOn(t *testing.T) {
	h := wantingHandler(t)
	options := web.ServerOptions{HeaderTimeout: time.Second, ReadTimeout: 2 * time.Second, IdleTimeout: time.Second}
	address := listening(t, h, options)
	tests := map[string]struct {
		sent   string
		status int // 0 = the connection is closed without an answer.
	}{
		"says nothing":                   {"", 0},
		"never ends the headers":         {"POST /json HTTP/1.1\r\nHost: x\r\nX-A: ", 0},
		"never sends the body":           {"POST /json HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", 408},
		"never ends the body":            {"POST /json HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{\"na", 408},
		"never ends a chunk":             {"POST /json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", 408},
		"never ends a form":              {"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nname=", 408},
		"never ends a multipart form":    {"POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 99\r\n\r\n--x\r\n", 408},
		"sends chunks that are none":     {"POST /json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 422},
		"leaves a connection unused":     {"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 200},
		"does not send what no one asks": {"DELETE /json HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", 405},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, answer := dial(t, address)
			send(t, c, tt.sent)
			if tt.status != 0 {
				response, err := http.ReadResponse(answer, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode != tt.status || response.Header.Get("X-Trace-Id") == "" {
					t.Errorf("%d %v %s (%v), want %d with ids", response.StatusCode, response.Header, body, err, tt.status)
				}
			}
			if rest, err := io.ReadAll(answer); len(rest) > 0 || isTimeout(err) {
				t.Errorf("the connection stays open: %q, %v", rest, err)
			}
		})
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestHostileRequestsOnTheWire(t *testing.T) {
	address := listening(t, serving(t, web.Config{}, things()...), web.ServerOptions{})
	tests := map[string]struct {
		sent   string
		status int
	}{
		"OPTIONS for the whole server": {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404},
		"a whole address":              {"GET http://elsewhere/things/7 HTTP/1.1\r\nHost: x\r\n\r\n", 200},
		"two slashes":                  {"GET //things/7 HTTP/1.1\r\nHost: x\r\n\r\n", 404},
		"dots":                         {"GET /things/../things/7 HTTP/1.1\r\nHost: x\r\n\r\n", 404},
		"a trailing slash":             {"GET /things/7/ HTTP/1.1\r\nHost: x\r\n\r\n", 200},
		"headers beyond all bounds":    {"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", 431},
		"no host":                      {"GET / HTTP/1.1\r\n\r\n", 400},
		"an old client":                {"GET /things/7 HTTP/1.0\r\n\r\n", 200},
		"a declared size without end":  {"POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775807\r\n\r\n", 413},
		"a tunnel":                     {"CONNECT /things/7 HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		"a tunnel to elsewhere":        {"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n", 404},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, answer := dial(t, address)
			send(t, c, tt.sent)
			response, err := http.ReadResponse(answer, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != tt.status || response.Header.Get("Location") != "" {
				t.Errorf("status %d to %q, want %d", response.StatusCode, response.Header.Get("Location"), tt.status)
			}
			if own := tt.status != 431 && tt.status != 400; own && len(response.Header.Get("X-Trace-Id")) != 32 {
				t.Errorf("no trace id: %v", response.Header)
			}
		})
	}
}

func TestAPanicWhileEncodingSendsNothingOfTheBody(t *testing.T) {
	h, _ := captured(t, web.Handle("GET /x", 200, answering("", nil), nothing, func(string) web.Reply { return web.JSON([]any{1, halfway{}}) }))
	c, answer := dial(t, listening(t, h, web.ServerOptions{}))
	send(t, c, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
	response, err := http.ReadResponse(answer, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 500 || strings.Contains(string(body), "halfway") {
		t.Errorf("%d %s (%v), want a clean 500", response.StatusCode, body, err)
	}
}

// halfway panics while it is encoded.
type halfway struct{}

func (halfway) MarshalJSON() ([]byte, error) { panic("halfway") }

func TestConnectionsAreReused(t *testing.T) {
	address := listening(t, serving(t, web.Config{}, things()...), web.ServerOptions{})
	c, answer := dial(t, address)
	for i, request := range []string{"GET /things/7", "HEAD /things/7", "GET /nothing", "DELETE /things/7", "GET /things/x", "GET /things/7"} {
		send(t, c, request+" HTTP/1.1\r\nHost: x\r\n\r\n")
		method, _, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(answer, r)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		if closing := response.Body.Close(); err != nil || closing != nil || response.Close {
			t.Errorf("%s: %v, %v, connection closing %t", request, err, closing, response.Close)
		}
		if response.ContentLength < 0 || response.ContentLength == 0 && response.StatusCode != 204 {
			t.Errorf("%s: length %d, want what it is", request, response.ContentLength)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	h, tel := captured(t, things()...)
	address := listening(t, h, web.ServerOptions{})
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	failures := make(chan error, 16)
	for worker := range 16 {
		go func() {
			failures <- func() error {
				for i := range 50 {
					id := worker*1000 + i
					r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%s/things/%d", address, id), http.NoBody)
					if err != nil {
						return err
					}
					response, err := client.Do(r)
					if err != nil {
						return err
					}
					body, err := io.ReadAll(response.Body)
					if err := errors.Join(err, response.Body.Close()); err != nil {
						return err
					}
					if want := strings.Replace(aThingJSON, `"id":7`, fmt.Sprintf(`"id":%d`, id), 1); string(body) != want {
						return fmt.Errorf("body %s, want %s", body, want)
					}
				}
				return nil
			}()
		}()
	}
	for range 16 {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	testkit.Eventually(t, time.Minute, func() bool {
		n, _ := tel.Observations("http_server_request_duration_seconds", "http_route", "/things/{id}", "http_response_status_code", "200")
		return n == 16*50
	}, "every request is counted")
}
