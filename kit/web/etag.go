package web

import (
	"net/http"
	"strings"
)

// IfMatch returns the entity tags of If-Match as they were sent, quotes included.
// No header: nil and false, there is no condition. "*": any. A service compares
// its strong tag with each text; weak tags and nonsense are among them and
// never equal one, so a condition that can't be met fails.
func IfMatch(r *http.Request) (etags []string, any bool) {
	for _, value := range r.Header["If-Match"] {
		tags, star := entityTags(value)
		etags, any = append(etags, tags...), any || star
	}
	if len(etags) == 0 && !any && r.Header["If-Match"] != nil {
		etags = []string{""} // A condition with nothing in it can't be met either.
	}
	return etags, any
}

// matches reports whether If-None-Match names etag, by weak comparison.
func matches(ifNoneMatch []string, etag string) bool {
	for _, value := range ifNoneMatch {
		tags, star := entityTags(value)
		if star {
			return true
		}
		for _, tag := range tags {
			if strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
				return true
			}
		}
	}
	return false
}

// entityTags splits a list of entity tags. A comma within quotes belongs to its
// tag. What is no tag is returned as it stands.
func entityTags(list string) (tags []string, star bool) {
	for list = strings.TrimLeft(list, " \t,"); list != ""; list = strings.TrimLeft(list, " \t,") {
		end := strings.IndexByte(list, ',')
		if open := len(list) - len(strings.TrimPrefix(list, "W/")); open < len(list) && list[open] == '"' {
			if closing := strings.IndexByte(list[open+1:], '"'); closing >= 0 {
				end = open + 1 + closing + 1
			}
		}
		if end < 0 {
			end = len(list)
		}
		tag := strings.TrimRight(list[:end], " \t")
		if tag == "*" {
			star = true
		} else {
			tags = append(tags, tag)
		}
		list = list[end:]
	}
	return tags, star
}
