package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"shop/kit/errs"
)

// maxBody is the largest request body in bytes, and the largest body that a
// Client reads.
const maxBody = 1 << 20

// limited bounds the body of every request, read or not.
func (h *Handler) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			h.fail(r.Context(), w, errBodyTooLarge)
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(exchangeOf(w).ResponseWriter, r.Body, maxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// Object reads a JSON object from the body. A body that is none is refused at
// once: 413 beyond 1 MiB, 415 declared as anything but JSON in UTF-8, 422 for
// wrong syntax. Of a name that occurs twice the last value counts; names that
// nobody asks for are ignored.
func Object(r *http.Request) (*Fields, error) {
	if _, err := mediaType(r, func(m string) bool {
		return m == "application/json" || strings.HasPrefix(m, "application/") && strings.HasSuffix(m, "+json")
	}); err != nil {
		return nil, err
	}
	data, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, malformed(errs.Violates("missing").At("body"))
	}
	if !utf8.Valid(data) {
		return nil, malformed(errs.Violates("json_invalid").At("body", firstInvalid(data)))
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			return nil, malformed(errs.Violates("json_invalid").At("body", int(syntax.Offset)))
		}
		return nil, malformed(errs.Violates("dict_type").At("body"))
	}
	if members == nil { // null
		return nil, malformed(errs.Violates("dict_type").At("body"))
	}
	return &Fields{in: "body", lookup: func(name string) (Raw, bool) {
		value, ok := members[name]
		return Raw{json: value}, ok
	}}, nil
}

// Form reads an HTML form from the body: application/x-www-form-urlencoded, also
// when no type is declared, or multipart/form-data, of which files are ignored.
// Of a name that occurs twice the last value counts. What is no form is refused
// at once like by Object.
func Form(r *http.Request) (*Fields, error) {
	media, err := mediaType(r, func(m string) bool {
		return m == "application/x-www-form-urlencoded" || m == "multipart/form-data"
	})
	if err != nil {
		return nil, err
	}
	if media == "multipart/form-data" {
		return multipartForm(r)
	}
	data, err := readBody(r)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, malformed(errs.Violates("form_invalid").At("body"))
	}
	return &Fields{in: "body", lookup: last(values)}, nil
}

func multipartForm(r *http.Request) (*Fields, error) {
	if err := r.ParseMultipartForm(maxBody); err != nil { //nolint:gosec // G120: limited has bounded the body, so it isn't more than that and nothing goes to a file.
		if known := bodyError(err); known != nil {
			return nil, known
		}
		return nil, malformed(errs.Violates("form_invalid").At("body"))
	}
	return &Fields{in: "body", lookup: last(r.MultipartForm.Value)}, nil
}

// last looks names up in values.
func last(values map[string][]string) func(string) (Raw, bool) {
	return func(name string) (Raw, bool) {
		v := values[name]
		if len(v) == 0 {
			return Raw{}, false
		}
		return Raw{text: v[len(v)-1]}, true
	}
}

// mediaType returns the declared type of the body, "" if none is, or 415 if it
// is none that takes accepts, compressed, or not in UTF-8.
func mediaType(r *http.Request, takes func(media string) bool) (string, error) {
	if encodings := r.Header["Content-Encoding"]; len(encodings) > 0 && !slices.Equal(encodings, []string{"identity"}) {
		return "", &unreadableError{errUnsupportedMedia}
	}
	declared := r.Header["Content-Type"]
	if len(declared) == 0 {
		return "", nil
	}
	if len(declared) == 1 && declared[0] == "application/json" && takes(declared[0]) {
		return declared[0], nil
	}
	media, parameters, err := mime.ParseMediaType(declared[0])
	charset, given := parameters["charset"]
	if err != nil || len(declared) > 1 || !takes(media) || given && !strings.EqualFold(charset, "utf-8") {
		return "", &unreadableError{errUnsupportedMedia}
	}
	return media, nil
}

// readBody returns the whole body.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(min(r.ContentLength, maxBody)) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(r.Body); err != nil {
		if known := bodyError(err); known != nil {
			return nil, known
		}
		return nil, malformed(errs.Violates("json_invalid").At("body", b.Len()))
	}
	return b.Bytes(), nil
}

// bodyError returns the answer to a body that could not be read to its end, nil
// if its form is at fault.
func bodyError(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &unreadableError{errBodyTooLarge.Wrap(err)}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &unreadableError{errBodyTooSlow.Wrap(err)}
	}
	return nil
}

// firstInvalid returns where data stops being UTF-8.
func firstInvalid(data []byte) int {
	at := 0
	for len(data) > 0 {
		c, size := utf8.DecodeRune(data)
		if c == utf8.RuneError && size == 1 {
			break
		}
		at, data = at+size, data[size:]
	}
	return at
}
