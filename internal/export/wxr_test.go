package export_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/export"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/ingest"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func from(s *app.Services) export.Services {
	return export.Services{DB: s.DB, Articles: s.Articles, Partners: s.Partners, Directory: s.Directory, Terms: s.Taxonomy}
}

// imported fills a database with an export.
func imported(t *testing.T, s *app.Services, text string) *ingest.WXRReport {
	t.Helper()
	file := ingest.WXRFile{File: ingest.File{Name: "export.xml", Size: int64(len(text)), Identity: fmt.Sprint(len(text))}, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
	report, err := ingest.WXR(t.Context(), ingest.WXRServices{Services: s.Ingest(), Comments: s.Comments, Site: s.Site, Picks: s.Newsroom}, []ingest.WXRFile{file}, ingest.WXROptions{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func exported(t *testing.T, s *app.Services) (string, *export.WXRReport) {
	t.Helper()
	var out bytes.Buffer
	report, err := export.WXR(t.Context(), from(s), &out, "https://units.example", noon)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), report
}

var mediaID = regexp.MustCompile(`data-media-id="([^"]*)"`)

// contents is what a newsroom has, by slugs: keys and the addresses of an older system
// are not a part of it.
func contents(t *testing.T, db *store.DB) string {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	client := db.Ent(ctx)
	var b strings.Builder
	files := map[string]string{}
	rows, err := client.Media.Query().Order(ent.Asc("source_url")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range rows {
		files[id.Encode(id.Media, m.ID)] = m.SourceURL
		fmt.Fprintf(&b, "MEDIA %s %s %s alt %q caption %q\n", m.SourceURL, m.Kind, m.ContentType, m.Alt, m.Caption)
	}
	html := func(text string) string {
		return mediaID.ReplaceAllStringFunc(text, func(m string) string { return "file=" + files[mediaID.FindStringSubmatch(m)[1]] })
	}
	sections, err := client.Category.Query().WithParent().Order(ent.Asc("slug")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range sections {
		fmt.Fprintf(&b, "SECTION %s %q %q %v\n", c.Slug, c.Name, c.Description, c.Edges.Parent != nil && c.Edges.Parent.Slug != "")
	}
	articles, err := client.Article.Query().WithDetail().WithTags(func(q *ent.TagQuery) { q.Order(ent.Asc("slug")) }).WithCategories(func(q *ent.CategoryQuery) { q.Order(ent.Asc("slug")) }).
		WithPrimaryCategory().WithFeaturedMedia().WithBylines(func(q *ent.BylineQuery) { q.WithAuthor().Order(ent.Asc("position")) }).
		WithComments(func(q *ent.CommentQuery) { q.Order(ent.Asc("posted_at"), ent.Asc("body")) }).Order(ent.Asc("slug")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range articles {
		fmt.Fprintf(&b, "ARTICLE %s %s %s %s %q %s %s published=%v updated=%v scheduled=%v trashed=%v\n", a.Slug, a.Kind, a.Status, a.Visibility, a.Title, a.Language, a.CommentPolicy, a.PublishedAt, a.UpdatedAt, a.ScheduledAt, a.TrashedAt)
		if c := a.Edges.PrimaryCategory; c != nil {
			fmt.Fprintf(&b, "  in %s", c.Slug)
		}
		for _, c := range a.Edges.Categories {
			fmt.Fprintf(&b, " also in %s", c.Slug)
		}
		for _, g := range a.Edges.Tags {
			fmt.Fprintf(&b, " tag %s/%s %q", g.Scheme, g.Slug, g.Name)
		}
		for _, by := range a.Edges.Bylines {
			fmt.Fprintf(&b, " by %s (%s)", by.Edges.Author.Name, by.Edges.Author.Slug)
		}
		if m := a.Edges.FeaturedMedia; m != nil {
			fmt.Fprintf(&b, " picture %s", m.SourceURL)
		}
		custom := map[string]any{}
		for key, value := range a.Edges.Detail.Custom {
			if key != "passwordProtected" { // is not written, and counted
				custom[key] = value
			}
		}
		fmt.Fprintf(&b, "\n  excerpt %q seo %+v custom %v\n  %s\n", a.Excerpt, a.Edges.Detail.Seo, custom, strings.ReplaceAll(html(a.Edges.Detail.HTML), "\n", "\n  "))
		bodies := map[int]string{}
		for _, c := range a.Edges.Comments {
			bodies[c.ID] = c.Body
		}
		for _, c := range a.Edges.Comments {
			parent := ""
			if c.ParentID != nil {
				parent = bodies[*c.ParentID]
			}
			fmt.Fprintf(&b, "  COMMENT %v %s %s %q <%s> %q to %q\n", c.PostedAt, c.Kind, c.Status, c.GuestName, c.GuestEmail, c.Body, parent)
		}
	}
	pages, err := client.Page.Query().WithParent().Order(ent.Asc("path")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		custom := map[string]any{}
		for key, value := range p.Custom {
			if key != "passwordProtected" {
				custom[key] = value
			}
		}
		fmt.Fprintf(&b, "PAGE /%s %s %s %q position %d published=%v seo %+v custom %v below %v\n  %s\n", p.Path, p.Status, p.Visibility, p.Title, p.Position, p.PublishedAt, p.Seo, custom, p.Edges.Parent != nil, html(p.HTML))
	}
	menus, err := client.Menu.Query().WithItems(func(q *ent.MenuItemQuery) { q.WithParent().Order(ent.Asc("position"), ent.Asc("id")) }).Order(ent.Asc("location")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range menus {
		fmt.Fprintf(&b, "MENU %s %q\n", m.Location, m.Name)
		var lines []string
		for _, it := range m.Edges.Items {
			line := fmt.Sprintf("  %d %q to %s %s", it.Position, it.Label, it.TargetType, it.Address)
			if it.Edges.Parent != nil {
				line += fmt.Sprintf(" below %q %s", it.Edges.Parent.Label, it.Edges.Parent.TargetType)
			}
			lines = append(lines, line)
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return b.String()
}

// sites are the exports that go round: our own, the one that the import is tested with,
// and WordPress' theme unit test where it is.
func sites(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	const unitTest = "/shared/data/wxr/themeunittestdata.wordpress.xml" // beside the repository or a worktree of it
	for path, name := range map[string]string{"testdata/site.wordpress.xml": "our own", "../wxr/testdata/newsroom.xml": "hostile", "../../.." + unitTest: "theme unit test", "../../../.." + unitTest: "theme unit test"} {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) && name == "theme unit test" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		found[name] = string(text)
	}
	return found
}

// TestASiteOfWordPressGoesRound: import, export, import into an empty database: equal.
func TestASiteOfWordPressGoesRound(t *testing.T) {
	t.Parallel()
	for name, text := range sites(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.EachURL(t, func(t *testing.T, url string) {
				first := app.NewServices(testkit.Open(t, url, store.Options{}), nil)
				imported(t, first, text)
				out, told := exported(t, first)
				wellFormed(t, out)
				second := app.NewServices(testkit.Open(t, testkit.URL(t, first.DB.Dialect), store.Options{}), nil)
				report := imported(t, second, out)
				if diff := cmp.Diff(contents(t, first.DB), contents(t, second.DB)); diff != "" {
					t.Errorf("(-first +second):\n%s\n%v", diff, told.Limits)
				}
				if report.Rejected > 0 {
					t.Errorf("%d items are rejected", report.Rejected)
				}
				if again, _ := exported(t, first); again != out {
					t.Error("another export of the same differs")
				}
			})
		})
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("no XML: %v", err)
		}
	}
}

// TestWhatWordPressCannotSayIsCounted, each under its own words.
func TestWhatWordPressCannotSayIsCounted(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := app.NewServices(db, nil)
		system := access.AsSystem(t.Context())
		at := noon
		words := []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words \x01 ]]> of it"}}
		draft := func(title string, status article.Status, change func(*content.Draft)) *content.Draft {
			d := &content.Draft{Title: title, Status: status, PublishedAt: &at, Language: "en", Body: words}
			if change != nil {
				change(d)
			}
			return d
		}
		_, err := s.Articles.Save(system,
			draft("Killed", article.StatusKilled, nil), draft("Back", article.StatusUnpublished, nil), draft("Approved", article.StatusApproved, nil), draft("Old", article.StatusArchived, nil),
			draft("Held", article.StatusEmbargoed, func(d *content.Draft) { d.EmbargoUntil = &at }),
			draft("Opinion", article.StatusPublished, func(d *content.Draft) { d.Kind, d.Subtitle = article.KindOpinion, "Below" }),
			draft("Live", article.StatusPublished, func(d *content.Draft) {
				d.Kind, d.Entries = article.KindLiveBlog, []content.Entry{{Title: "At ten", Body: words, PublishedAt: at}}
			}))
		if err != nil {
			t.Fatal(err)
		}
		out, report := exported(t, s)
		wellFormed(t, out)
		want := map[string]int{"articles that were killed: left out": 1, "articles that were taken back: as drafts": 1, "approved articles: as articles in review": 1, "articles in the archive: as drafts": 1,
			"articles under embargo: as scheduled ones": 1, "articles of the kind OPINION: as plain posts": 1, "articles of the kind LIVE_BLOG: as plain posts": 1, "as the custom field subtitle": 1,
			"live blogs: their entries stand in the body": 1, "articles without an author": 6}
		if diff := cmp.Diff(want, report.Limits); diff != "" {
			t.Errorf("limits (-want +got):\n%s", diff)
		}
		if strings.Contains(out, "Killed") || !strings.Contains(out, "At ten") || report.Written["articles"] != 6 {
			t.Errorf("%v:\n%s", report.Written, out)
		}
		if _, err := export.WXR(t.Context(), from(s), io.Discard, "", noon); !errors.Is(err, export.ErrNoAddress) {
			t.Errorf("without an address: %v", err)
		}
	})
}

// TestEveryStatusAndKindIsSaid: the next status is written, or left out on purpose.
func TestEveryStatusAndKindIsSaid(t *testing.T) {
	t.Parallel()
	for _, f := range (schema.Article{}).Fields() {
		if d := f.Descriptor(); d.Name == "status" {
			for _, e := range d.Enums {
				if export.Says(article.Status(e.V)) == (e.V == "KILLED") {
					t.Errorf("%s", e.V)
				}
			}
			return
		}
	}
	t.Error("articles have no status")
}
