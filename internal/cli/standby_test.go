package cli

import (
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// TestDoctorLooksAtStandbys: a standby that follows, and a server that is none.
func TestDoctorLooksAtStandbys(t *testing.T) {
	t.Parallel()
	primary := pgtest.Own(t, "wal_level=replica", "max_wal_senders=4")
	url, err := primary.Create(t.Context(), "site")
	if err != nil {
		t.Fatal(err)
	}
	standby := pgtest.OwnStandby(t, primary)
	if status := Main([]string{"migrate", "--database", url}, strings.NewReader(""), &strings.Builder{}, &strings.Builder{}); status != 0 {
		t.Fatal(status)
	}
	for replica, want := range map[string]string{standby.URL("site"): "has replayed everything", url: "this is no standby"} {
		var out, wrong strings.Builder
		Main([]string{"doctor", "--database", url, "--database-replica", replica, "--media-dir", t.TempDir()}, strings.NewReader(""), &out, &wrong)
		if !strings.Contains(out.String(), want) {
			t.Errorf("doctor says:\n%s%s\nwant %q", &out, &wrong, want)
		}
	}
}
