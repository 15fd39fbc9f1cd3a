package httpheader_test

import (
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
)

func TestETag(t *testing.T) {
	t.Parallel()
	if got := httpheader.ETag([]byte("abc")); got != `"ba7816bf8f01cfea414140de"` {
		t.Errorf("%s", got)
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Minute: "60"} {
		if got := httpheader.Seconds(wait); got != want {
			t.Errorf("%s: %s", wait, got)
		}
	}
}
