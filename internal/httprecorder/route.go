package httprecorder

import (
	"net/http"
	"strings"
)

// NoRoute is the route of requests that no handler is for.
const NoRoute = "none"

// Route is what answered a request, for logs, traces and metrics: the path of the
// pattern of a ServeMux that chose its handler, such as /digests/ or /mail/{id}. Paths
// themselves may have secrets in them, which patterns cannot. It is known once the
// handler has returned.
func Route(r *http.Request) string {
	pattern := r.Pattern
	if _, path, ok := strings.Cut(pattern, " "); ok { // after the method
		pattern = path
	}
	if pattern == "" {
		return NoRoute
	}
	return pattern
}
