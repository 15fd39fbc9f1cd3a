package httpheader

import (
	"mime"
	"strings"
)

// WantsEvents reports whether a request asks for server-sent events: Accept names
// them first. Clients that name them behind JSON take them as well, and do not ask.
func WantsEvents(accept []string) bool {
	if len(accept) == 0 {
		return false
	}
	first, _, _ := strings.Cut(accept[0], ",")
	kind, _, err := mime.ParseMediaType(strings.TrimSpace(first))
	return err == nil && kind == "text/event-stream"
}
