package http

import (
	"strconv"

	"shop/product/domain"
)

// appendProduct appends p as JSON to b. It is written out because reading a
// product is what this service does most, and encoding/json takes several times
// as long for it; FuzzAppendProduct holds it to the same result.
func appendProduct(b []byte, p domain.Product) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), int64(p.ID), 10)
	b = appendString(append(b, `,"name":`...), p.Name.String())
	b = append(b, `,"description":`...)
	if text, given := p.Description.Text(); given {
		b = appendString(b, text)
	} else {
		b = append(b, `null`...)
	}
	b, _ = p.Price.Amount().AppendText(append(b, `,"price":`...)) // Never fails.
	b = strconv.AppendInt(append(b, `,"quantity":`...), int64(p.Quantity), 10)
	b = p.CreatedAt.AppendFormat(append(b, `,"created_at":"`...), timeLayout)
	b = p.UpdatedAt.AppendFormat(append(b, `","updated_at":"`...), timeLayout)
	return append(b, `"}`...)
}

const hex = "0123456789abcdef"

// appendString appends s, which is valid UTF-8, as a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0 // Of what is not appended yet.
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	return append(append(b, s[start:]...), '"')
}
