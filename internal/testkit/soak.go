package testkit

import (
	"os"
	"testing"
	"time"
)

// Soak gives how long the long form of a test shall take, which make soak says in
// BROADSHEET_SOAK. Without it there is no long form.
func Soak(t testing.TB) (duration time.Duration, long bool) {
	t.Helper()
	text := os.Getenv("BROADSHEET_SOAK")
	if text == "" {
		return 0, false
	}
	duration, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("BROADSHEET_SOAK: %v", err)
	}
	return duration, true
}
