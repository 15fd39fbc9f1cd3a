package digest

import (
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/readersettings"
)

func TestDigestsAreDueInTheMorning(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind        readersettings.Digest
		after, want string
	}{
		"today":               {readersettings.DigestDaily, "2026-03-04T04:00:00Z", "2026-03-04T05:00:00Z"},
		"never at once":       {readersettings.DigestDaily, "2026-03-04T05:00:00Z", "2026-03-05T05:00:00Z"},
		"the clocks go on":    {readersettings.DigestDaily, "2026-03-28T12:00:00Z", "2026-03-29T04:00:00Z"},
		"the clocks go back":  {readersettings.DigestDaily, "2026-10-24T12:00:00Z", "2026-10-25T05:00:00Z"},
		"the next Monday":     {readersettings.DigestWeekly, "2026-03-04T04:00:00Z", "2026-03-09T05:00:00Z"},
		"this Monday":         {readersettings.DigestWeekly, "2026-03-09T04:59:59Z", "2026-03-09T05:00:00Z"},
		"the end of the year": {readersettings.DigestWeekly, "2026-12-28T06:00:00Z", "2027-01-04T05:00:00Z"},
	} {
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := next(c.kind, after, berlin).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
