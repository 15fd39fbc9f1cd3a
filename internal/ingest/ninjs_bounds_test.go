package ingest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// An article of a million words is stored, with what its bounds changed told; through the
// interface it is refused.
func TestAMillionWords(t *testing.T) {
	t.Parallel()
	const words = 1_000_000
	var body strings.Builder
	for i := range words {
		fmt.Fprintf(&body, "w%d", i%997)
		if i%100 == 99 {
			body.WriteString(`\n\n`)
		} else {
			body.WriteByte(' ')
		}
	}
	input := item1(`"headlines":[{"value":"All of it"}],"bodies":[{"contentType":"text/plain","value":"` + body.String() + `"}]`)
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := services(db)
		r := imported(t, s, input, Options{})
		a := stored(t, db, "urn:w:1")
		if r.Created != 1 || a.WordCount != words || r.Notes["blocks beyond 5,000 joined as text"] == 0 || len(a.Edges.Detail.Blocks) != richtext.MaxBlocks {
			t.Errorf("%d created, %d words in %d blocks, notes %v", r.Created, a.WordCount, len(a.Edges.Detail.Blocks), r.Notes)
		}
		if _, err := s.Content.Related(access.AsSystem(t.Context()), []int{a.ID}, 8); err != nil {
			t.Error(err)
		}
	})
	long := richtext.FromText(strings.ReplaceAll(body.String(), `\n\n`, " "))
	if err := richtext.Validate(long); err != nil || len(long) != 1 {
		t.Errorf("a body within %d bytes: %v, %d blocks", richtext.MaxBodyBytes, err, len(long))
	}
	long[0].HTML += strings.Repeat(" word", richtext.MaxBodyBytes/5)
	bad, ok := richtext.Validate(long).(*richtext.InvalidError) //nolint:errorlint // it is not wrapped
	if !ok || bad.Problem != richtext.ProblemTooLong {
		t.Errorf("a body beyond %d bytes: %v", richtext.MaxBodyBytes, bad)
	}
}

// Many copies of one story, each a little different, have lists of related articles
// as any other. The long form has 5,000 of them.
func TestSoakNearCopiesOfOneStory(t *testing.T) {
	t.Parallel()
	copies := 200
	if os.Getenv("BROADSHEET_SOAK") != "" {
		copies = 5000
	}
	var feed strings.Builder
	for i := range copies {
		fmt.Fprintf(&feed, `{"uri":"urn:copy:%d","versionCreated":"2026-01-02T00:00:00Z","firstCreated":"2026-01-01T00:00:00Z","headlines":[{"value":"Ferry crews accept the deal of harbour %d"}],`+
			`"bodies":[{"contentType":"text/plain","value":"The crews of the ferries accepted the deal that the harbour board had offered on Monday, version %d. %s"}]}`+"\n", i, i, i,
			strings.Repeat("Their union had asked for more, and got half of it. ", 20))
	}
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := services(db)
		if r := imported(t, s, feed.String(), Options{}); r.Created != copies || r.Rejected > 0 {
			t.Fatalf("%d created, %d rejected", r.Created, r.Rejected)
		}
		var keys []int
		for i := range 20 {
			keys = append(keys, stored(t, db, fmt.Sprintf("urn:copy:%d", i*copies/20)).ID)
		}
		lists, err := s.Content.Related(access.AsSystem(t.Context()), keys, 8)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if n := len(lists[key]); n > 8 {
				t.Errorf("article %d has %d related articles", key, n)
			}
		}
	})
}
