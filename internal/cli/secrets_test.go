package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsAreSealedByTheKeyOfTheSettings(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "site.db")
	run := func(want int, says string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		if status := Main(append(args, "--database", database), strings.NewReader(""), &out, &errs); status != want || !strings.Contains(out.String()+errs.String(), says) {
			t.Errorf("%v: %d\n%s%s", args, status, &out, &errs)
		}
	}
	const first, second = "the first key of all", "the second key of all"
	run(0, "", "migrate")
	run(0, "", "key", "create", "Wire")
	run(1, "--seal-key is not set", "secrets", "rotate")
	run(2, "at least 16 characters", "secrets", "rotate", "--seal-key", "short")
	run(0, "sealed 1 secrets", "secrets", "rotate", "--seal-key", first)
	run(1, "1 of 1 secrets can be opened by neither", "secrets", "rotate", "--seal-key", second)
	run(0, "sealed 1 secrets", "secrets", "rotate", "--seal-key", second, "--unseal-keys", "another old key of all,"+first)
	run(0, "sealed 0 secrets", "secrets", "rotate", "--seal-key", second)
	for key, says := range map[string]string{first: "FAIL  secrets    1 of 1", second: "ok    secrets    1, all sealed"} {
		var out bytes.Buffer
		Main([]string{"doctor", "--database", database, "--media-dir", t.TempDir(), "--seal-key", key}, strings.NewReader(""), &out, &out)
		if !strings.Contains(out.String(), says) {
			t.Errorf("the doctor says\n%s", &out)
		}
	}
}
