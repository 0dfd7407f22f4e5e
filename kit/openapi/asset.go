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

// asset is one file, kept compressed and handed out as the client takes it.
type asset struct {
	contentType string
	policy      string // Content-Security-Policy, "" for what is no page.
	compressed  []byte
	etag        string
}

func newAsset(contentType string, data []byte) *asset {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	// Neither fails: the writer is memory.
	_, _ = z.Write(data)
	_ = z.Close()
	return newCompressed(contentType, b.Bytes())
}

// newCompressed returns an asset of gzip data; what is not compressed (a
// picture) is compressed too.
func newCompressed(contentType string, compressed []byte) *asset {
	sum := sha256.Sum256(compressed)
	return &asset{contentType: contentType, compressed: compressed, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// ServeHTTP sends the file, or 304 where the client has it.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Etag", a.etag)
	h.Set("Cache-Control", "no-cache") // Kept, but asked for each time: the next release has other files.
	h.Add("Vary", "Accept-Encoding")
	if a.policy != "" {
		h.Set("Content-Security-Policy", a.policy)
		h.Set("Referrer-Policy", "no-referrer")
	}
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	body := a.compressed
	if takesGzip(r.Header) {
		h.Set("Content-Encoding", "gzip")
	} else {
		z, err := gzip.NewReader(bytes.NewReader(a.compressed))
		if err == nil {
			body, err = io.ReadAll(z)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // A client that has gone.
	}
}

// takesGzip reports whether the client names gzip and does not rule it out.
func takesGzip(h http.Header) bool {
	for item := range strings.SplitSeq(strings.Join(h["Accept-Encoding"], ","), ",") {
		coding, parameter, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.TrimPrefix(strings.ReplaceAll(parameter, " ", ""), "q=")
			return strings.Trim(q, "0.") != "" || q == ""
		}
	}
	return false
}
