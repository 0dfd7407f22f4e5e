package http

import (
	"net/http"
	"strconv"
	"strings"

	"shop/kit/web"

	"shop/product/domain"
	"shop/product/ports"
)

// etag is the strong entity tag of a version of a product: "7-3" with its
// quotes. A number is never given twice, so neither is a tag.
func etag(id domain.ID, version int64) string {
	b := append(make([]byte, 0, 24), '"')
	b = strconv.AppendInt(b, int64(id), 10)
	b = strconv.AppendInt(append(b, '-'), version, 10)
	return string(append(b, '"'))
}

// match returns the precondition that If-Match makes on the product. A tag that
// is none of this product's matches no version.
func match(r *http.Request, id domain.ID) ports.Match {
	tags, anyVersion := web.IfMatch(r)
	if len(tags) == 0 || anyVersion {
		return ports.Match{}
	}
	m := ports.Match{Required: true}
	for _, tag := range tags {
		_, text, _ := strings.Cut(strings.TrimSuffix(tag, `"`), "-")
		if version, err := strconv.ParseInt(text, 10, 64); err == nil && etag(id, version) == tag {
			m.Versions = append(m.Versions, version)
		}
	}
	return m
}
