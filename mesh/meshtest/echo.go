package meshtest

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Seen is a request as it reached an application. An Echo answers with it as
// JSON.
type Seen struct {
	Method string
	URI    string
	Host   string
	Header http.Header
	Bytes  int // Of the body.
}

// Echo serves at addr an application that answers 200 with what it saw; its
// /readyz is ready. before, if it is not nil, may answer itself and then returns
// true. It ends by stop, with all of its connections, or with the test.
func Echo(t testing.TB, addr string, before func(http.ResponseWriter, *http.Request) bool) (stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", addr) //nolint:noctx // Nothing to cancel.
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before != nil && before(w, r) {
			return
		}
		body, _ := io.Copy(io.Discard, r.Body) // Cut off: fewer bytes.
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(Seen{r.Method, r.RequestURI, r.Host, r.Header, int(body)}) // The client is gone.
	})}
	go func() { _ = s.Serve(l) }() // Until Close.
	stop = func() { _ = s.Close() }
	t.Cleanup(stop)
	return stop
}
