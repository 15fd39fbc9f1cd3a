package ingest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

var update = flag.Bool("update", false, "write the golden files")

// noon is the clock of all imports here.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func services(db *store.DB) Services {
	log := event.NewLog(db)
	dir := directory.New(db, log)
	c := content.New(db, log, dir)
	c.Now = func() time.Time { return noon }
	return Services{DB: db, Log: log, Directory: dir, Content: c, Taxonomy: taxonomy.New(db, log, c)}
}

func imported(t *testing.T, s Services, input string, opts Options) *Report {
	t.Helper()
	r, err := Ninjs(t.Context(), s, strings.NewReader(input), opts)
	if err != nil {
		t.Fatal(err)
	}
	if r.Total() != r.Items && r.Fatal == nil {
		t.Errorf("%d items read, %d have an outcome", r.Items, r.Total())
	}
	r.Seconds = 0
	return r
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// golden compares text with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", name), []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(readFile(t, name), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// rows counts what is stored.
func rows(t *testing.T, db *store.DB) map[string]int {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	c := db.Ent(ctx)
	counted := map[string]int{}
	for name, count := range map[string]func(context.Context) (int, error){
		"articles": c.Article.Query().Count, "details": c.ArticleDetail.Query().Count, "events": c.Event.Query().Count,
		"tags": c.Tag.Query().Count, "categories": c.Category.Query().Count, "authors": c.Author.Query().Count,
		"bylines": c.Byline.Query().Count, "places": c.Place.Query().Count, "media": c.Media.Query().Count,
	} {
		n, err := count(ctx)
		if err != nil {
			t.Fatal(err)
		}
		counted[name] = n
	}
	return counted
}

func stored(t *testing.T, db *store.DB, uri string) *ent.Article {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	a, err := db.Ent(ctx).Article.Query().Where(article.SourceURI(uri)).WithDetail().Only(ctx)
	if err != nil {
		t.Fatalf("%s: %v", uri, err)
	}
	return a
}

// mediaID is what two databases make differently.
var mediaID = regexp.MustCompile(`med_[a-z0-9]{13}`)

// describe writes every imported article with what belongs to it.
func describe(t *testing.T, db *store.DB) string {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	all, err := db.Ent(ctx).Article.Query().Order(article.ByID()).WithDetail().WithTags().WithPlaces().WithCategories().WithPrimaryCategory().
		WithFeaturedMedia().WithBylines(func(q *ent.BylineQuery) { q.WithAuthor() }).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	when := func(name string, at *time.Time) {
		if at != nil {
			fmt.Fprintf(&b, "  %s %s\n", name, at.UTC().Format(time.RFC3339))
		}
	}
	for _, a := range all {
		fmt.Fprintf(&b, "%s\n  %s %s %s %s %q\n", *a.SourceURI, a.Kind, a.Status, a.Language, a.Slug, a.Title)
		when("published", a.PublishedAt)
		when("updated", a.UpdatedAt)
		when("embargo", a.EmbargoUntil)
		when("until", a.UnpublishAt)
		when("version", a.SourceVersionAt)
		d := a.Edges.Detail
		for _, f := range []struct{ name, value string }{
			{"subtitle", a.Subtitle}, {"excerpt", a.Excerpt}, {"html", mediaID.ReplaceAllString(d.HTML, "med")}, {"by-line", d.Byline}, {"dateline", d.Dateline},
			{"source", strings.TrimSpace(d.SourceName + " " + d.SourceURL)},
		} {
			if f.value != "" {
				fmt.Fprintf(&b, "  %s %q\n", f.name, f.value)
			}
		}
		if d.Rights != nil {
			fmt.Fprintf(&b, "  rights %+v\n", *d.Rights)
		}
		if d.Custom != nil {
			text, _ := json.Marshal(d.Custom)
			fmt.Fprintf(&b, "  custom %s\n", text)
		}
		if c := a.Edges.PrimaryCategory; c != nil {
			fmt.Fprintf(&b, "  section %s\n", c.Name)
		}
		var names []string
		for _, c := range a.Edges.Categories {
			names = append(names, "section "+c.Name)
		}
		for _, x := range a.Edges.Tags {
			names = append(names, strings.TrimRight("tag "+x.Name+" "+x.Scheme, " "))
		}
		for _, p := range a.Edges.Places {
			names = append(names, fmt.Sprintf("place %s %s %s", p.Name, p.Kind, p.CountryCode))
		}
		slices.Sort(names)
		slices.SortFunc(a.Edges.Bylines, func(x, y *ent.Byline) int { return cmp.Compare(x.Position, y.Position) })
		for _, l := range a.Edges.Bylines {
			names = append(names, fmt.Sprintf("author %s %s", l.Edges.Author.Name, l.Edges.Author.Kind))
		}
		if m := a.Edges.FeaturedMedia; m != nil {
			names = append(names, fmt.Sprintf("picture %s %s %dx%d %q %q %q", *m.SourceURI, m.SourceURL, m.Width, m.Height, m.Alt, m.Caption, m.Credit))
			if m.FocalX != nil {
				names = append(names, fmt.Sprintf("focus %.2f %.2f", *m.FocalX, *m.FocalY))
			}
		}
		for _, n := range names {
			fmt.Fprintf(&b, "  %s\n", n)
		}
	}
	return b.String()
}

func TestEveryCaseOfTheWire(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, input := services(db), readFile(t, "wire.ninjs.jsonl")
		rehearsed := imported(t, s, input, Options{DryRun: true})
		if got := rows(t, db); slices.ContainsFunc(slices.Collect(maps.Values(got)), func(n int) bool { return n > 0 }) {
			t.Errorf("a dry run wrote %v", got)
		}
		report := imported(t, s, input, Options{})
		rehearsed.DryRun = false
		if diff := gocmp.Diff(report, rehearsed); diff != "" {
			t.Errorf("a dry run told something else (-import +dry run):\n%s", diff)
		}
		var text, object bytes.Buffer
		if err := errors.Join(report.WriteText(&text), report.WriteJSON(&object)); err != nil {
			t.Fatal(err)
		}
		golden(t, "wire.report.txt", text.String())
		golden(t, "wire.report.json", object.String())
		golden(t, "wire.articles.txt", describe(t, db))
		before := rows(t, db)
		if before["articles"] != report.Created {
			t.Errorf("%d articles, %d created", before["articles"], report.Created)
		}
		if !report.Failed() {
			t.Error("items were rejected, yet the import did not fail")
		}

		again := imported(t, s, input, Options{})
		if again.Created+again.Updated+again.Kept > 0 || again.Rejected != report.Rejected {
			t.Errorf("the second time: %+v", again)
		}
		if diff := gocmp.Diff(before, rows(t, db)); diff != "" {
			t.Errorf("the second time something was written:\n%s", diff)
		}
	})
}

func one(uri, version, headline string) string {
	return fmt.Sprintf(`{"uri":%q,"versionCreated":%q,"firstCreated":"2026-01-01T00:00:00Z","headlines":[{"value":%q}]}`+"\n", uri, version, headline)
}

func TestNewerVersionsUpdate(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := services(db), access.AsSystem(t.Context())
		imported(t, s, one("u:a", "2026-01-02T00:00:00Z", "Second")+one("u:b", "2026-01-02T00:00:00Z", "Mine")+one("u:c", "2026-01-02T00:00:00Z", "Gone"), Options{})
		mine, gone := stored(t, db, "u:b"), stored(t, db, "u:c")
		db.Ent(ctx).Article.UpdateOneID(mine.ID).SetEditedAt(noon).ExecX(ctx)
		db.Ent(ctx).Article.UpdateOneID(gone.ID).SetTrashedAt(noon).ExecX(ctx)
		slug := stored(t, db, "u:a").Slug
		for _, step := range []struct {
			name, input string
			outcome     Outcome
			code, title string
		}{
			{"older", one("u:a", "2026-01-01T00:00:00Z", "First"), Unchanged, reasonOlder, "Second"},
			{"same version", one("u:a", "2026-01-02T00:00:00Z", "Other"), Unchanged, reasonSameVersion, "Second"},
			{"no version", `{"uri":"u:a","headlines":[{"value":"Undated"}]}`, Unchanged, reasonNoVersion, "Second"},
			{"newer", one("u:a", "2026-01-03T00:00:00Z", "Third"), Updated, reasonNewer, "Third"},
			{"edited here", one("u:b", "2026-01-03T00:00:00Z", "Theirs"), Kept, reasonEdited, "Mine"},
			{"edited here, the same", one("u:b", "2026-01-02T00:00:00Z", "Mine"), Unchanged, reasonSame, "Mine"},
			{"in the trash", one("u:c", "2026-01-03T00:00:00Z", "Back"), Kept, reasonTrashed, "Gone"},
		} {
			r := imported(t, s, step.input, Options{})
			if len(r.Reasons) == 0 || r.Reasons[0] != (Reason{step.outcome, step.code, 1}) {
				t.Errorf("%s: %+v", step.name, r.Reasons)
			}
			var item struct{ URI string }
			if err := json.Unmarshal([]byte(step.input), &item); err != nil {
				t.Fatal(err)
			}
			if a := stored(t, db, item.URI); a.Title != step.title {
				t.Errorf("%s: the article is called %q", step.name, a.Title)
			}
		}
		if a := stored(t, db, "u:a"); a.Slug != slug || a.Version != 2 {
			t.Errorf("the update made slug %q, version %d", a.Slug, a.Version)
		}
	})
}

// wire makes n items.
func wire(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"uri":"urn:w:%d","headlines":[{"value":"Story %d"}],"firstCreated":"2026-01-01T00:00:00Z","versionCreated":"2026-01-01T00:00:00Z",`+
			`"bodies":[{"contentType":"text/plain","value":"Words of story %d."}],"subjects":[{"name":"Section %d","rel":"category"},{"name":"tag %d"}],"by":"Ana Reis %d"}`+"\n",
			i, i, i, i%3, i%5, i%4)
		if i%7 == 3 {
			b.WriteString("{broken\n")
		}
	}
	return b.String()
}

func TestResumeGoesOnBehindTheLastBatch(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, input := services(db), wire(40)
		opts := Options{File: File{Name: "wire", Identity: "one"}, batchItems: 10}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stopped := opts
		stopped.Progress = func(p Progress) {
			if p.Items >= 20 {
				cancel()
			}
		}
		first, err := Ninjs(ctx, s, strings.NewReader(input), stopped)
		if !errors.Is(err, context.Canceled) || first.Total() != 20 {
			t.Fatalf("stopped after %d items: %v", first.Total(), err)
		}
		opts.Resume = true
		r := imported(t, s, input, opts)
		if r.Resumed != 20 || r.Created != 40 || r.Rejected != 6 || len(r.Lines) != 6 {
			t.Errorf("resumed after %d, created %d, rejected %d, listed %d", r.Resumed, r.Created, r.Rejected, len(r.Lines))
		}
		if got := rows(t, db); got["articles"] != 40 {
			t.Errorf("%d articles", got["articles"])
		}
		// A finished import has nothing to resume: it is read again, and changes nothing.
		if r := imported(t, s, input, opts); r.Resumed != 0 || r.Unchanged != 40 {
			t.Errorf("after the end: %+v", r)
		}
		opts.File.Identity = ""
		if _, err := Ninjs(t.Context(), s, strings.NewReader(input), opts); err == nil {
			t.Error("a pipe was resumed")
		}
	})
}

const childVariable = "BROADSHEET_TEST_IMPORT_INTO"

// TestKilledChild is no test of its own: TestResumeAfterKill starts it in
// another process, which kills itself within a transaction.
func TestKilledChild(t *testing.T) {
	t.Parallel()
	url := os.Getenv(childVariable)
	if url == "" {
		return
	}
	s := services(testkit.Open(t, url, store.Options{}))
	calls := 0
	s.Content.Now = func() time.Time {
		if calls++; calls > 9 { // a few batches are stored, one is half done
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return noon
	}
	_, err := Ninjs(t.Context(), s, strings.NewReader(wire(40)), Options{File: File{Identity: "kill"}, batchItems: 10})
	t.Fatalf("survived: %v", err)
}

func TestResumeAfterKill(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledChild$")
		child.Env = append(os.Environ(), childVariable+"="+url)
		out, err := child.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Success() || exit.ExitCode() != -1 {
			t.Fatalf("the child was not killed: %v\n%s", err, out)
		}
		db := testkit.Open(t, url, store.Options{})
		done := rows(t, db)
		if done["articles"] == 0 || done["articles"] >= 40 || done["articles"] != done["details"] {
			t.Fatalf("the kill left %v", done)
		}
		r := imported(t, services(db), wire(40), Options{File: File{Identity: "kill"}, batchItems: 10, Resume: true})
		if r.Resumed == 0 || r.Created != 40 || r.Rejected != 6 || r.Unchanged != 0 {
			t.Errorf("resumed after %d: created %d, rejected %d, unchanged %d", r.Resumed, r.Created, r.Rejected, r.Unchanged)
		}
		if got := rows(t, db); got["articles"] != 40 || got["details"] != 40 || got["bylines"] != 40 {
			t.Errorf("stored %v", got)
		}
	})
}

func TestOneBadItemCostsNoOther(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		poison := store.Maintain(`ALTER TABLE articles ADD CONSTRAINT no_poison CHECK (title <> 'Poison')`,
			`CREATE TRIGGER no_poison BEFORE INSERT ON articles WHEN new.title = 'Poison' BEGIN SELECT RAISE(ABORT, 'poison'); END`)
		if _, err := db.Exec(t.Context(), poison); err != nil {
			t.Fatal(err)
		}
		bad := `{"uri":"u:bad","headlines":[{"value":"Poison"}],"firstCreated":"2026-01-01T00:00:00Z","subjects":[{"name":"Only here"}]}` + "\n"
		r := imported(t, services(db), wire(6)+bad+strings.ReplaceAll(wire(6), "urn:w", "urn:x"), Options{})
		if r.Created != 12 || r.Rejected != 3 || !r.Failed() {
			t.Errorf("created %d, rejected %d", r.Created, r.Rejected)
		}
		i := slices.IndexFunc(r.Lines, func(l Line) bool { return l.URI == "u:bad" })
		if i < 0 || r.Lines[i].Code != reasonRefused || r.Lines[i].Line != 8 {
			t.Errorf("lines: %v", r.Lines)
		}
		if got := rows(t, db); got["articles"] != 12 || got["details"] != 12 || got["tags"] != 5 {
			t.Errorf("stored %v", got)
		}
	})
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	good := one("u:good", "2026-01-02T00:00:00Z", "Good")
	big := `{"uri":"u:big","headlines":[{"value":"Big"}],"bodies":[{"value":"` + strings.Repeat("word ", 1<<19) + `"}]}` + "\n"
	cases := map[string]struct {
		input             string
		created, rejected int
		code              string // of the first reason to fail
		line              int
		fatal             bool
	}{
		"empty":                {"", 0, 0, "", 0, false},
		"line cut off":         {good + `{"uri":"u:x","headlines":[{"va`, 1, 1, "TRUNCATED", 2, false},
		"array cut off":        {"[" + strings.TrimSpace(good) + `,{"uri":`, 1, 0, "TRUNCATED", 1, true},
		"malformed line":       {"{oops}\n" + good, 1, 1, "MALFORMED", 1, false},
		"picture":              {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 0, 0, "WRONG_KIND", 1, true},
		"xml":                  {"<?xml version=\"1.0\"?><rss/>", 0, 0, "WRONG_KIND", 1, true},
		"broken gzip":          {"\x1f\x8b\x08\x00\x00\x00", 0, 0, "TRUNCATED", 0, true},
		"no id":                {`{"headlines":[{"value":"x"}]}` + "\n" + good, 1, 1, reasonNoIdentity, 1, false},
		"too long an id":       {`{"uri":"` + strings.Repeat("x", maxURI+1) + `"}` + "\n" + good, 1, 1, reasonTooLong, 1, false},
		"body over the limit":  {big + good, 1, 1, "TOO_LARGE", 1, false},
		"invalid UTF-8":        {"{\"uri\":\"u:8\",\"firstCreated\":\"2026-01-01\",\"headlines\":[{\"value\":\"a\xffb\"}]}\n" + good, 1, 1, "INVALID_UTF8", 1, false},
		"everything is absent": {"{}\n" + good, 1, 1, reasonNoIdentity, 1, false},
	}
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		stored, n := 0, 0
		for name, test := range cases {
			n++ // the cases share a database, so each has URIs of its own
			r := imported(t, services(db), strings.ReplaceAll(test.input, `"u:`, fmt.Sprintf(`"u%d:`, n)), Options{MaxItemBytes: 1 << 20})
			if r.Created != test.created || r.Rejected != test.rejected || (r.Fatal != nil) != test.fatal {
				t.Errorf("%s: created %d, rejected %d, fatal %v", name, r.Created, r.Rejected, r.Fatal)
			}
			stored += test.created
			if got := rows(t, db)["articles"]; got != stored {
				t.Errorf("%s: %d articles, want %d", name, got, stored)
			}
			if r.Failed() != (test.rejected > 0 || test.fatal) {
				t.Errorf("%s: failed: %v", name, r.Failed())
			}
			var worst Line
			if r.Fatal != nil {
				worst = *r.Fatal
			} else if i := slices.IndexFunc(r.Lines, func(l Line) bool { return l.Outcome == Rejected }); i >= 0 {
				worst = r.Lines[i]
			}
			if worst.Code != test.code || test.line > 0 && worst.Line != test.line {
				t.Errorf("%s: told %v", name, worst)
			}
		}
	})
}

func TestReadErrorEndsTheImport(t *testing.T) {
	t.Parallel()
	s := services(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	r, err := Ninjs(t.Context(), s, io.MultiReader(strings.NewReader(one("u:1", "2026-01-02T00:00:00Z", "One")), &failing{}), Options{})
	if err != nil || r.Fatal == nil || r.Fatal.Code != "READ_FAILED" || r.Created != 1 {
		t.Errorf("%v, %+v", err, r)
	}
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }
