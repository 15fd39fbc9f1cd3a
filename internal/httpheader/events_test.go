package httpheader_test

import (
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
)

func TestWantsEvents(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"text/event-stream":                       true,
		"Text/Event-Stream;charset=utf-8, */*":    true,
		"text/event-stream, multipart/mixed":      true,
		"application/json, text/event-stream":     false,
		"application/json":                        false,
		"*/*":                                     false,
		"application/x; a=\"text/event-stream\" ": false,
		"": false,
	} {
		if got := httpheader.WantsEvents([]string{accept}); got != want {
			t.Errorf("%q: %t", accept, got)
		}
	}
	if httpheader.WantsEvents(nil) {
		t.Error("no header")
	}
}
