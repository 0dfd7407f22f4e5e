package redis

import (
	"errors"
	"strconv"
	"strings"

	"shop/kit/cache"
)

// An entry ends with its version, so that a script finds it without reading the
// value. No text inside of a JSON string looks like that: its quotes are escaped.
// put.lua has the same rules.
const (
	versionMember = `"_version":`
	tombstone     = `{"_tombstone":true,`
	missing       = `{"_missing":true,`
)

var errNoObject = errors.New("a codec must marshal a value as a JSON object")

// text returns e as it lies in Redis.
func (c *Cache[V]) text(e cache.Entry[V]) ([]byte, error) {
	var b []byte
	switch {
	case e.Tombstone:
		b = append(make([]byte, 0, 64), tombstone...)
	case e.Missing:
		b = append(make([]byte, 0, 64), missing...)
	default:
		object, err := c.codec.Marshal(e.Value)
		if err != nil {
			return nil, err
		}
		last := len(object) - 1
		if last < 1 || object[0] != '{' || object[last] != '}' {
			return nil, errNoObject
		}
		if b = object[:last]; last > 1 {
			b = append(b, ',')
		}
	}
	b = append(b, versionMember...)
	b = strconv.AppendInt(b, e.Version, 10)
	return append(b, '}'), nil
}

// cut parts an entry's text into what stands before its version, and the version.
func cut(text string) (head string, version int64, ok bool) {
	i := strings.LastIndex(text, versionMember)
	if i < 1 || (text[i-1] != '{' && text[i-1] != ',') {
		return "", 0, false
	}
	digits, closed := strings.CutSuffix(text[i+len(versionMember):], "}")
	if !closed || digits == "" || digits[0] < '0' || digits[0] > '9' || (digits[0] == '0' && digits != "0") {
		return "", 0, false
	}
	version, err := strconv.ParseInt(digits, 10, 64)
	return text[:i], version, err == nil
}

// object returns the value's own object, of which head is the beginning.
func object(head string) []byte {
	b := append(make([]byte, 0, len(head)+1), strings.TrimSuffix(head, ",")...)
	return append(b, '}')
}
