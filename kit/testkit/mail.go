package testkit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// Mail is a message that a MailServer has accepted.
type Mail struct {
	From string   // Envelope.
	To   []string // Envelope.
	Data []byte   // As sent: headers and body.
	TLS  bool     // It came over an encrypted connection.
}

// Header returns the decoded header of that name, "" if there is none.
func (m Mail) Header(name string) string {
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return ""
	}
	value := parsed.Header.Get(name)
	if decoded, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
		return decoded
	}
	return value
}

// Part returns the decoded text of the first part of that media type
// ("text/plain"), also inside of multipart messages.
func (m Mail) Part(mediaType string) (string, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return "", fmt.Errorf("read message: %w", err)
	}
	text, found, err := findPart(mediaType, parsed.Header.Get("Content-Type"),
		parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body)
	if err == nil && !found {
		err = fmt.Errorf("the message has no part of type %s", mediaType)
	}
	return text, err
}

func findPart(want, contentType, encoding string, body io.Reader) (text string, found bool, err error) {
	got, params, err := mime.ParseMediaType(contentType)
	if contentType == "" {
		got, err = "text/plain", nil // RFC 2045, 5.2
	}
	if err != nil {
		return "", false, fmt.Errorf("content type %q: %w", contentType, err)
	}
	if strings.HasPrefix(got, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return "", false, nil
			}
			if err != nil {
				return "", false, fmt.Errorf("next part: %w", err)
			}
			text, found, err := findPart(want, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
			if found || err != nil {
				return text, found, err
			}
		}
	}
	if got != want {
		return "", false, nil
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	return strings.ReplaceAll(string(b), "\r\n", "\n"), true, err
}
