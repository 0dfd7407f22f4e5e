package http

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"shop/kit/errs"

	"shop/product/domain"
)

// A cursor is opaque to clients: "SORT ID KEY" in base64url. It is bound to its
// sort, because a place in one order is none in another.

func formatCursor(c domain.Cursor) string {
	key := c.Text
	if c.Sort.Key == domain.ByPrice || c.Sort.Key == domain.ByCreatedAt {
		key = strconv.FormatInt(c.Number, 10)
	}
	text := c.Sort.String() + " " + strconv.FormatInt(int64(c.ID), 10) + " " + key
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// parseCursor reads a cursor of the sort, or returns the rule it breaks. Clients
// can make cursors of their own: all they can do is to start elsewhere.
func parseCursor(text string, sort domain.Sort) (domain.Cursor, error) {
	errCursor := errs.Violates("cursor_invalid")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return domain.Cursor{}, errCursor
	}
	parts := strings.SplitN(string(raw), " ", 3)
	if len(parts) < 3 || parts[0] != sort.String() {
		return domain.Cursor{}, errCursor
	}
	id, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || id < 1 {
		return domain.Cursor{}, errCursor
	}
	c := domain.Cursor{Sort: sort, ID: domain.ID(id)}
	switch key := parts[2]; sort.Key {
	case domain.ByID:
		if key != "" {
			return domain.Cursor{}, errCursor
		}
	case domain.ByName:
		if !utf8.ValidString(key) || strings.ContainsRune(key, 0) { // What no engine would compare.
			return domain.Cursor{}, errCursor
		}
		c.Text = key
	default:
		if c.Number, err = strconv.ParseInt(key, 10, 64); err != nil {
			return domain.Cursor{}, errCursor
		}
	}
	return c, nil
}
