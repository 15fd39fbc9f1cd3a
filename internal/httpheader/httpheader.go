// Package httpheader reads headers of requests that several handlers answer by, and
// writes those of answers that several give.
package httpheader

import (
	"strconv"
	"strings"
)

// HasETag reports whether the values of an If-None-Match header name an entity
// tag, which is given with its quotes and without W/ in front, or any tag (RFC 9110,
// section 13.1.2).
func HasETag(ifNoneMatch []string, etag string) bool {
	for _, line := range ifNoneMatch {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == etag || one == "*" {
				return true
			}
		}
	}
	return false
}

// AcceptsGzip reads the values of an Accept-Encoding header (RFC 9110, section
// 12.5.3).
func AcceptsGzip(acceptEncoding []string) bool {
	accepted := false
	for _, line := range acceptEncoding {
		for element := range strings.SplitSeq(line, ",") {
			coding, weight, _ := strings.Cut(element, ";")
			name, value, _ := strings.Cut(weight, "=")
			allowed := true
			if strings.EqualFold(strings.TrimSpace(name), "q") {
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				allowed = err == nil && q > 0
			}
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				return allowed // the name itself outweighs the asterisk
			case "*":
				accepted = allowed
			}
		}
	}
	return accepted
}
