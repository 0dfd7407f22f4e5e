package web

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"shop/kit/errs"
)

// Raw is a field as it was sent: a JSON value from a JSON body, a text from
// anywhere else.
type Raw struct {
	json json.RawMessage
	text string
}

// JSON returns the field as JSON, nil if it is a text.
func (r Raw) JSON() json.RawMessage { return r.json }

// Text returns the field as text, "" if it is JSON.
func (r Raw) Text() string { return r.text }

func (r Raw) null() bool { return string(r.json) == "null" }

// Reader reads a field as one type, or says what is wrong with it.
type Reader[V any] func(raw Raw) (V, *errs.Rule)

// String reads a text: a JSON string or any text that is valid Unicode without
// NUL, which databases refuse. Numbers are no strings.
func String(raw Raw) (string, *errs.Rule) {
	text := raw.text
	if raw.json != nil {
		if raw.json[0] != '"' {
			return "", errs.Violates("string_type")
		}
		if bytes.IndexByte(raw.json, '\\') < 0 {
			return string(raw.json[1 : len(raw.json)-1]), nil // The body was valid UTF-8 and JSON has no bare NUL.
		}
		if loneSurrogate(raw.json) {
			return "", errs.Violates("string_unicode")
		}
		if err := json.Unmarshal(raw.json, &text); err != nil {
			return "", errs.Violates("string_type")
		}
	}
	switch {
	case !utf8.ValidString(text):
		return "", errs.Violates("string_unicode")
	case strings.IndexByte(text, 0) >= 0:
		return "", errs.Violates("string_nul")
	}
	return text, nil
}

// loneSurrogate reports whether a JSON string has a \u escape of half a character,
// which encoding/json would replace silently.
func loneSurrogate(s []byte) bool {
	pending := false // The escape before was a high surrogate.
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			if pending {
				return true
			}
			continue
		}
		i++ // The escaped character; JSON was checked, so it is there.
		if s[i] != 'u' {
			if pending {
				return true
			}
			continue
		}
		unit, err := strconv.ParseUint(string(s[i+1:i+5]), 16, 16)
		if err != nil {
			return true
		}
		i += 4
		high, low := unit >= 0xD800 && unit < 0xDC00, unit >= 0xDC00 && unit < 0xE000
		if low != pending {
			return true
		}
		pending = high
	}
	return pending
}

// Int reads an integer that fits 64 bits: a JSON number without a fractional part
// ("3", "3.0", "3e2") or a text of digits. Strings in JSON are no integers.
func Int(raw Raw) (int64, *errs.Rule) {
	if raw.json == nil {
		return decimalDigits(raw.text)
	}
	if !isNumber(raw.json) {
		return 0, errs.Violates("int_type")
	}
	return integral(string(raw.json))
}

// Bool reads JSON's true and false, or as text true, false, 1 and 0.
func Bool(raw Raw) (bool, *errs.Rule) {
	text, rule := raw.text, errs.Violates("bool_parsing")
	if raw.json != nil {
		text, rule = string(raw.json), errs.Violates("bool_type")
		if text == "1" || text == "0" {
			return false, rule
		}
	}
	switch strings.ToLower(text) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, rule
}

// Decimal reads a decimal number as the text that was sent, for a type like
// money.Amount to judge: a JSON number, or a string or text that should hold
// one.
func Decimal(raw Raw) (string, *errs.Rule) {
	switch {
	case raw.json == nil:
		return String(raw)
	case raw.json[0] == '"':
		return String(raw)
	case isNumber(raw.json):
		return string(raw.json), nil
	}
	return "", errs.Violates("decimal_type")
}

func isNumber(value json.RawMessage) bool {
	return value[0] == '-' || value[0] >= '0' && value[0] <= '9'
}

// decimalDigits reads an optional minus and digits, nothing else.
func decimalDigits(text string) (int64, *errs.Rule) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errs.Violates("int_parsing")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errs.Violates("int_parsing_size")
	}
	return n, nil
}

// integral reads a JSON number exactly and without ever building a number as
// large as its exponent says.
func integral(number string) (int64, *errs.Rule) {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return n, nil
	}
	mantissa, exponent := number, ""
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		mantissa, exponent = number[:i], number[i+1:]
	}
	sign := ""
	if mantissa[0] == '-' {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return 0, nil // 0, -0.0, 0e999999999
	}
	shift, rule := power(exponent)
	if rule != nil {
		return 0, rule
	}
	// The value is digits × 10^zeros.
	significant := strings.TrimRight(digits, "0")
	zeros := shift - len(fraction) + len(digits) - len(significant)
	switch {
	case zeros < 0:
		return 0, errs.Violates("int_from_float")
	case len(significant)+zeros > maxDigits:
		return 0, errs.Violates("int_parsing_size")
	}
	n, err := strconv.ParseInt(sign+significant+strings.Repeat("0", zeros), 10, 64)
	if err != nil {
		return 0, errs.Violates("int_parsing_size")
	}
	return n, nil
}

const (
	maxDigits = 19      // of an int64
	maxPower  = 1 << 24 // More than any body has digits, so beyond it the exponent alone decides.
)

// power reads the exponent of a number that is not 0.
func power(exponent string) (int, *errs.Rule) {
	if exponent == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(exponent)
	switch {
	case n > maxPower, err != nil && exponent[0] != '-':
		return 0, errs.Violates("int_parsing_size")
	case n < -maxPower, err != nil:
		return 0, errs.Violates("int_from_float")
	}
	return n, nil
}
