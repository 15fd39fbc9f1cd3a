package ingest

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// item1 makes one item of fields in JSON.
func item1(fields string) string {
	return `{"uri":"urn:w:1","versionCreated":"2026-01-02T00:00:00Z","firstCreated":"2026-01-01T00:00:00Z",` + fields + "}\n"
}

func TestHeadlinesAreText(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := services(db)
		for i, c := range []struct{ written, contentType, want string }{
			{"F**k you, says mayor who gave a f**k", "", "F**k you, says mayor who gave a f**k"},
			{"2**3 is 8, 2**4 is 16", "", "2**3 is 8, 2**4 is 16"},
			{"Storm hits coast [Watch](live)", "", "Storm hits coast [Watch](live)"},
			{"[Watch](https://a.example) *now* _here_ `x` # 1", "", "[Watch](https://a.example) *now* _here_ `x` # 1"},
			{"<b>Bold</b>", "", "<b>Bold</b>"},
			{"AT&amp;T buys R&D", "", "AT&T buys R&D"},
			{"F**k that f**k", "text/plain", "F**k that f**k"},
			{"A **strong** word", "text/markdown", "A strong word"},
			{"A <b>strong</b> word", "text/html", "A strong word"},
		} {
			value, _ := json.Marshal(c.written)
			kind := ""
			if c.contentType != "" {
				kind = fmt.Sprintf(`,"contentType":%q`, c.contentType)
			}
			text := fmt.Sprintf(`[{"value":%s%s}]`, value, kind)
			input := strings.Replace(item1(fmt.Sprintf(`"headlines":%s,"descriptions":%s`, text, text)), "urn:w:1", fmt.Sprintf("urn:w:%d", i), 1)
			imported(t, s, input, Options{})
			if a := stored(t, db, fmt.Sprintf("urn:w:%d", i)); a.Title != c.want || a.Excerpt != c.want {
				t.Errorf("%q became the headline %q and the excerpt %q, want %q", c.written, a.Title, a.Excerpt, c.want)
			}
		}
	})
}

func TestStarsAroundWordsOfDescriptionsGo(t *testing.T) {
	t.Parallel()
	in := new(ninjsImport)
	for written, want := range map[string]string{
		"On the **first day**, all came.": "On the first day, all came.",
		"**All** came (**twice**).":       "All came (twice).",
		"**All** **three** **came**":      "All three came",
		"2**3 is 8, 2**4 is 16":           "2**3 is 8, 2**4 is 16",
		"F**k, he said, f**k":             "F**k, he said, f**k",
		"a ** b ** c":                     "a ** b ** c",
	} {
		it := new(item)
		if got := in.description(it, ninjs.Text{Value: written}); got != want || len(it.notes) != map[bool]int{true: 1}[written != want] {
			t.Errorf("%q: %q, notes %v", written, got, it.notes)
		}
	}
}

func TestBodyIsMarkdownOnlyWhenItSaysSo(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := services(db)
		for i, c := range []struct{ kind, want string }{
			{"", "<p>2**3 and **4** [a](b)</p>"},
			{`,"contentType":"text/plain"`, "<p>2**3 and **4** [a](b)</p>"},
			{`,"contentType":"text/markdown"`, `<p>2**3 and <strong>4</strong> <a href="b">a</a></p>`},
			{`,"mimetype":"text/markdown; charset=utf-8"`, `<p>2**3 and <strong>4</strong> <a href="b">a</a></p>`},
		} {
			uri := fmt.Sprintf("urn:w:%d", i)
			imported(t, s, strings.Replace(item1(`"headlines":[{"value":"H"}],"bodies":[{"value":"2**3 and **4** [a](b)"`+c.kind+`}]`), "urn:w:1", uri, 1), Options{})
			if got := stored(t, db, uri).Edges.Detail.HTML; got != c.want {
				t.Errorf("%s: %s, want %s", c.kind, got, c.want)
			}
		}
	})
}

// lineOf finds what a report says of a reason.
func lineOf(r *Report, code string) *Line {
	if i := slices.IndexFunc(r.Lines, func(l Line) bool { return l.Code == code }); i >= 0 {
		return &r.Lines[i]
	}
	return nil
}

func TestNothingOfAnItemIsLostWithoutAWord(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := services(db)
		good := strings.Replace(item1(`"headlines":[{"value":"Good"}]`), "urn:w:1", "urn:w:good", 1)
		arabic := []byte{0xE3, 0xD1, 0xCD, 0xC8, 0xC7} // "مرحبا" in windows-1256
		for _, c := range []struct{ name, fields, code, message string }{
			{"a body of 30 MB", `"headlines":[{"value":"Long"}],"bodies":[{"contentType":"text/html","value":"` + strings.Repeat("<p>Words. </p>", 30<<20/14) + `"}]`,
				reasonTooLong, "the body has"},
			{"a text in another encoding", `"headlines":[{"value":"` + string(arabic) + `"}]`, string(ninjs.CodeInvalidUTF8),
				"headlines[0].value has the byte 0xe3, 118 bytes into the item"},
			{"an item without words", `"urgency":3,"associations":[{"name":"a","uri":"urn:a"}]`, reasonNoText, "1 items are associated"},
			{"an item with empty words", `"headlines":[{"value":"  "}],"bodies":[{"contentType":"text/html","value":"<p> </p>"}]`, reasonNoText, ""},
		} {
			r := imported(t, s, item1(c.fields)+good, Options{})
			l := lineOf(r, c.code)
			if l == nil || l.Outcome != Rejected || !strings.Contains(l.Message, c.message) || r.Rejected != 1 {
				t.Errorf("%s: %+v, %d rejected", c.name, l, r.Rejected)
			}
			if n, _ := db.Ent(t.Context()).Article.Query().Where(article.SourceURI("urn:w:1")).Count(access.AsSystem(t.Context())); n != 0 {
				t.Errorf("%s: stored", c.name)
			}
		}
		r := imported(t, s, item1(`"headlines":[{"value":"Story"}],"associations":[{"name":"box","uri":"urn:box","type":"text","headlines":[{"value":"What we know"}]},{"name":"c","type":"composite"}]`), Options{})
		if l := lineOf(r, reasonTextApart); l == nil || !strings.Contains(l.Message, `text "What we know" (urn:box)`) || r.Repaired != 1 {
			t.Errorf("texts that go with a story: %+v", l)
		}
		// An order to take a story back needs no words, and takes none away.
		r = imported(t, s, strings.Replace(item1(`"pubStatus":"canceled"`), "01-02", "01-03", 1), Options{})
		if a := stored(t, db, "urn:w:1"); r.Updated != 1 || a.Title != "Story" || a.Status != article.StatusKilled {
			t.Errorf("canceled without words: %q %s, %d updated", a.Title, a.Status, r.Updated)
		}
	})
}

func TestPlainTextBeyondTheBoundsIsTold(t *testing.T) {
	t.Parallel()
	blocks, notes := richtext.FromTextNoted(strings.Repeat("A line.\n\n", richtext.MaxBlocks+10))
	if len(blocks) != richtext.MaxBlocks || len(notes) == 0 {
		t.Errorf("%d blocks, notes %v", len(blocks), notes)
	}
}

// TestMappingOfNinjs imports an item for each row of the table in docs/ninjs.md.
func TestMappingOfNinjs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/ninjs.md")
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ field, example, stored string }
	var rows []row
	var documented []string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| `") || len(cells) != 3 {
			continue
		}
		r := row{strings.Trim(cells[0], " `"), strings.Trim(cells[1], " `"), strings.TrimSpace(cells[2])}
		rows, documented = append(rows, r), append(documented, r.field)
	}
	slices.Sort(documented)
	if fields := ninjs.Fields(); !slices.Equal(fields, documented) {
		t.Fatalf("documented: %v\nread:       %v", documented, fields)
	}
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := services(db)
		for i, r := range rows {
			item := map[string]json.RawMessage{}
			for name, value := range map[string]string{"uri": fmt.Sprintf("%q", fmt.Sprintf("urn:doc:%d", i)), "headlines": `[{"value":"Headline"}]`,
				"firstCreated": `"2026-01-05T09:00:00Z"`, "versionCreated": `"2026-01-05T09:00:00Z"`, r.field: r.example} {
				item[name] = json.RawMessage(value)
			}
			input, err := json.Marshal(item)
			if err != nil {
				t.Fatalf("%s: %v", r.field, err)
			}
			var report *Report
			if report = imported(t, s, string(input), Options{}); report.Created != 1 {
				t.Fatalf("%s: %+v", r.field, report.Lines)
			}
			uri := fmt.Sprintf("urn:doc:%d", i)
			if r.field == "uri" {
				uri = "urn:wire:1"
			}
			have := mapped(t, db, uri)
			wants := strings.Split(r.stored, "`, `")
			if !strings.HasPrefix(r.stored, "`") {
				wants = nil
			}
			for _, want := range wants {
				if name, value, _ := strings.Cut(strings.Trim(want, "`"), " = "); have[name] != value {
					t.Errorf("%s: %s is %q, documented as %q", r.field, name, have[name], value)
				}
			}
		}
	})
}

// mapped gives what is stored of an article by the names that docs/ninjs.md has for it.
func mapped(t *testing.T, db *store.DB, uri string) map[string]string {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	a, err := db.Ent(ctx).Article.Query().Where(article.SourceURI(uri)).WithDetail().WithTags().WithPlaces().WithPrimaryCategory().WithFeaturedMedia().
		WithBylines(func(q *ent.BylineQuery) { q.WithAuthor() }).Only(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d := a.Edges.Detail
	m := map[string]string{"source": *a.SourceURI, "kind": string(a.Kind), "status": string(a.Status), "language": a.Language, "title": a.Title, "excerpt": a.Excerpt,
		"html": d.HTML, "dateline": d.Dateline, "sourceName": d.SourceName}
	for name, at := range map[string]*time.Time{"published": a.PublishedAt, "updated": a.UpdatedAt} {
		if at != nil {
			m[name] = at.UTC().Format(time.RFC3339)
		}
	}
	if d.Rights != nil {
		m["rights.holder"], m["rights.notice"], m["rights.usageTerms"] = d.Rights.Holder, d.Rights.Notice, d.Rights.UsageTerms
	}
	custom, _ := d.Custom["ninjs"].(map[string]any)
	for name, value := range custom {
		m["custom."+name] = fmt.Sprint(value)
	}
	list := func(name string, values []string) { m[name] = strings.Join(values, ", ") }
	var tags, places, authors []string
	for _, g := range a.Edges.Tags {
		if g.Scheme != "" {
			tags = append(tags, g.Name+" ("+g.Scheme+")")
			continue
		}
		tags = append(tags, g.Name)
	}
	for _, p := range a.Edges.Places {
		places = append(places, p.Name)
	}
	for _, b := range a.Edges.Bylines {
		authors = append(authors, b.Edges.Author.Name)
	}
	list("tags", tags)
	list("places", places)
	list("authors", authors)
	if c := a.Edges.PrimaryCategory; c != nil {
		m["section"] = c.Name
	}
	if p := a.Edges.FeaturedMedia; p != nil {
		m["picture"] = p.SourceURL
	}
	return m
}
