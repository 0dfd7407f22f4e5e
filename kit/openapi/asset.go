package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// asset is one file. It is read from the binary when somebody asks for it, which
// is seldom: a copy in memory for ever would be megabytes.
type asset struct {
	contentType string
	policy      string // Content-Security-Policy, "" for what is no page.
	packed      bool   // The data is gzip.
	read        func() ([]byte, error)
}

// ServeHTTP sends the file as the client takes it, or 304 where the client has
// it.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := a.read()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError) // Unreachable: New has read every file once.
		return
	}
	sum := sha256.Sum256(data)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("Etag", etag)
	h.Set("Cache-Control", "no-cache") // Kept, but asked for each time: the next release has other files.
	h.Add("Vary", "Accept-Encoding")
	if a.policy != "" {
		h.Set("Content-Security-Policy", a.policy)
		h.Set("Referrer-Policy", "no-referrer")
	}
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	if a.packed {
		if takesGzip(r.Header) {
			h.Set("Content-Encoding", "gzip")
		} else if data, err = unpack(data); err != nil {
			w.WriteHeader(http.StatusInternalServerError) // Unreachable: see above.
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) // A client that has gone.
	}
}

func unpack(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// takesGzip reports whether the client names gzip and does not rule it out.
func takesGzip(h http.Header) bool {
	for item := range strings.SplitSeq(strings.Join(h["Accept-Encoding"], ","), ",") {
		coding, parameter, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.TrimPrefix(strings.ReplaceAll(parameter, " ", ""), "q=")
			return q == "" || strings.Trim(q, "0.") != ""
		}
	}
	return false
}
