package testkit

import (
	"os"
	"testing"
)

// Need skips a test that needs what is not there, such as a browser. In continuous
// integration (CI=true) nothing is skipped: the test fails. In short mode (make quick)
// the test is skipped even where it is there.
func Need(t testing.TB, what string, there bool) {
	t.Helper()
	Long(t)
	switch {
	case there:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is missing", what)
	default:
		t.Skipf("%s is missing: make test brings it", what)
	}
}

// Long skips a test in short mode (make quick), which is for while you work. Tests that go
// through the whole schema, or start and kill whole servers, are of make test.
func Long(t testing.TB) {
	t.Helper()
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("-short leaves long tests out")
	}
}

// NeedPackages is Need for packages of npm, which make web brings into a folder.
func NeedPackages(t testing.TB, folder string, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := os.Stat(folder + "/node_modules/" + name + "/package.json")
		Need(t, name+" (make web)", err == nil)
	}
}
