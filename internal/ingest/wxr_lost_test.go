package ingest

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

func export(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../wxr/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mapped are options with the two mapping files.
func mappings(t testing.TB) WXROptions {
	t.Helper()
	shortcodes, err := wxr.ReadShortcodeRules(strings.NewReader(`{"weather": {"as": "html", "html": "<p>The weather in {city}</p>"}}`))
	if err != nil {
		t.Fatal(err)
	}
	types, err := wxr.ReadTypeRules(strings.NewReader(`{"podcast": {"as": "audio", "file": "audio_file"}, "live_entry": {"as": "live-entry"}, "live_blog": {"as": "article"},
		"faq": {"as": "page"}, "banner": {"as": "leave-out"}}`))
	if err != nil {
		t.Fatal(err)
	}
	return WXROptions{Shortcodes: shortcodes, Types: types}
}

// What plugins made of a site is taken over, kept apart or told; a second import changes nothing, and
// the database is as the export says.
func TestWXRTakesWhatPluginsMade(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, text, opts := wxrServices(db), export(t, "plugins.xml"), mappings(t)
		report := wxrImported(t, s, text, opts)
		golden(t, "wxr_plugins_report.txt", reportText(t, report))
		first := mediaID.ReplaceAllString(contents(t, db), "med")
		golden(t, "wxr_plugins.txt", first)
		v, err := VerifyWXR(t.Context(), s, []WXRFile{asFile("export.xml", text)}, opts)
		if err != nil || !v.Equal() || len(v.Lines) > 0 {
			t.Errorf("after the import: %v %+v", err, v.Lines)
		}
		events := eventCount(t, db)
		again := wxrImported(t, s, text, opts)
		if diff := gocmp.Diff(first, mediaID.ReplaceAllString(contents(t, db), "med")); diff != "" || eventCount(t, db) != events || again.Created+again.Updated > 0 {
			t.Errorf("the second time: %d created, %d updated, %d events (-first +second):\n%s", again.Created, again.Updated, eventCount(t, db)-events, diff)
		}
		changed := strings.NewReplacer("<p>Polls have closed.</p>", "<p>Polls have closed everywhere.</p>", "Entry by the plugin, edited.", "Entry, corrected.").Replace(text)
		golden(t, "wxr_plugins_changed.txt", lineDiff(first, mediaID.ReplaceAllString(func() string { wxrImported(t, s, changed, opts); return contents(t, db) }(), "med")))
	})
}

// held counts what a file holds, without the import.
type held struct{ items, comments, fields, authors, terms int }

func holds(t testing.TB, text string) (h held) {
	t.Helper()
	for r := wxr.NewReader(strings.NewReader(text), wxr.Options{}); ; {
		rec, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return h
		case err != nil:
			t.Fatal(err)
		case rec.Item != nil:
			if rec.Item.Part == 0 {
				h.items++
			}
			h.comments += len(rec.Item.Comments)
			h.fields += len(rec.Item.Meta)
			if rec.Item.Type == "guest-author" {
				h.authors++
			}
		case rec.Author != nil:
			h.authors++
		case rec.Term != nil && rec.Term.Taxonomy != "nav_menu":
			h.terms++
		}
	}
}

// Whatever a file holds has one outcome in the report, with mapping files and without.
func TestCountsOfWXRAddUpToTheFile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../wxr/testdata/*.xml")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		for name, opts := range map[string]WXROptions{"mapped": mappings(t), "unmapped": {}} {
			t.Run(filepath.Base(file)+" "+name, func(t *testing.T) {
				t.Parallel()
				testkit.Databases(t, func(t *testing.T, db *store.DB) {
					text := export(t, filepath.Base(file))
					report, want := wxrImported(t, wxrServices(db), text, opts), holds(t, text)
					var got held
					sum := func(rows []Tally) (n int) {
						for _, r := range rows {
							n += r.Read
							if r.Read != r.Created+r.Updated+r.Unchanged+r.Kept+r.Rejected+r.LeftOut {
								t.Errorf("%s %s: not all have an outcome: %+v", r.Type, r.Status, r)
							}
						}
						return n
					}
					total := func(counts map[string]int) (n int) {
						for _, c := range slices.Collect(maps.Values(counts)) {
							n += c
						}
						return n
					}
					got.items, got.comments = sum(report.Types), sum(report.Comments)
					got.fields = total(report.Fields) + total(report.Dropped) + total(report.Used)
					for _, r := range report.Things {
						switch r.Type {
						case "author":
							got.authors += r.Read
						case "section", "tag":
							got.terms += r.Read
						}
					}
					for name, n := range report.Marks {
						if strings.HasPrefix(name, "terms of the taxonomy ") {
							got.terms += n
						}
					}
					if got != want {
						t.Errorf("the report tells of %+v, the file holds %+v\n%s", got, want, reportText(t, report))
					}
				})
			})
		}
	}
}
