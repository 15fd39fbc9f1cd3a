package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
	desk "github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func wxrServices(db *store.DB) WXRServices {
	s := services(db)
	pages := site.New(db, s.Log)
	return WXRServices{Services: s, Comments: comment.New(db, s.Log), Site: pages,
		Picks: desk.New(db, s.Log, audit.NewLog(db), s.Content, pages, idempotency.New(db))}
}

// asFile makes a file of a text. Equal texts are one file.
func asFile(name, text string) WXRFile {
	return WXRFile{File: File{Name: name, Size: int64(len(text)), Identity: fmt.Sprintf("%s of %d bytes", name, len(text))},
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func newsroom(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../wxr/testdata/newsroom.xml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wxrImported imports a text and gives the report without its duration.
func wxrImported(t testing.TB, s WXRServices, text string, opts WXROptions) *WXRReport {
	t.Helper()
	r, err := WXR(t.Context(), s, []WXRFile{asFile("export.xml", text)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Seconds = 0
	return r
}

// contents is everything that an import stores, for comparisons.
func contents(t testing.TB, db *store.DB) string {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	client := db.Ent(ctx)
	var b strings.Builder
	slugs := map[int]string{}
	articles, err := client.Article.Query().WithDetail().WithTags().WithCategories().WithPrimaryCategory().WithFeaturedMedia().
		WithBylines(func(q *ent.BylineQuery) { q.WithAuthor().Order(ent.Asc("position")) }).
		WithComments(func(q *ent.CommentQuery) { q.Order(ent.Asc("source_uri")) }).Order(ent.Asc("source_uri")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range articles {
		slugs[a.ID] = a.Slug
		fmt.Fprintf(&b, "ARTICLE %s %s %s %s %q slug=%s lang=%s comments=%d %s", *a.SourceURI, a.Kind, a.Status, a.Visibility, a.Title, a.Slug, a.Language, a.CommentCount, a.CommentPolicy)
		for name, at := range map[string]any{"published": a.PublishedAt} {
			fmt.Fprintf(&b, " %s=%v", name, at)
		}
		fmt.Fprintf(&b, " updated=%v scheduled=%v trashed=%v\n", a.UpdatedAt, a.ScheduledAt, a.TrashedAt)
		if c := a.Edges.PrimaryCategory; c != nil {
			fmt.Fprintf(&b, "  in %s", c.Slug)
		}
		for _, c := range a.Edges.Categories {
			fmt.Fprintf(&b, " also in %s", c.Slug)
		}
		for _, g := range a.Edges.Tags {
			fmt.Fprintf(&b, " tag %s/%s", g.Scheme, g.Slug)
		}
		for _, by := range a.Edges.Bylines {
			fmt.Fprintf(&b, " by %s (%s)", by.Edges.Author.Name, by.Edges.Author.Slug)
		}
		if m := a.Edges.FeaturedMedia; m != nil {
			fmt.Fprintf(&b, " picture %s", m.SourceURL)
		}
		for name, text := range map[string]string{"subtitle": a.Subtitle} {
			if text != "" {
				fmt.Fprintf(&b, "\n  %s %q", name, text)
			}
		}
		for _, f := range [][2]string{{"byline", a.Edges.Detail.Byline}, {"dateline", a.Edges.Detail.Dateline}} {
			if f[1] != "" {
				fmt.Fprintf(&b, "\n  %s %q", f[0], f[1])
			}
		}
		for _, e := range client.LiveEntry.Query().Where(liveentry.ArticleID(a.ID)).Order(ent.Asc("published_at")).AllX(ctx) {
			fmt.Fprintf(&b, "\n  ENTRY %s %q %s", e.PublishedAt.UTC().Format(time.RFC3339), e.Title, e.HTML)
		}
		fmt.Fprintf(&b, "\n  excerpt %q seo %+v custom %v\n  %s\n", a.Excerpt, a.Edges.Detail.Seo, a.Edges.Detail.Custom, strings.ReplaceAll(a.Edges.Detail.HTML, "\n", "\n  "))
		for _, c := range a.Edges.Comments {
			parent := ""
			for _, o := range a.Edges.Comments {
				if c.ParentID != nil && o.ID == *c.ParentID {
					parent = " to " + (*o.SourceURI)[strings.Index(*o.SourceURI, "#"):]
				}
			}
			fmt.Fprintf(&b, "  COMMENT %s %s %s %q <%s> %q%s\n", (*c.SourceURI)[strings.Index(*c.SourceURI, "#"):], c.Kind, c.Status, c.GuestName, c.GuestEmail, c.Body, parent)
		}
	}
	pages, err := client.Page.Query().WithParent().Order(ent.Asc("source_uri")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		parent := ""
		if p.Edges.Parent != nil {
			parent = p.Edges.Parent.Path
		}
		fmt.Fprintf(&b, "PAGE %s %s %s %q /%s below %q position %d seo %+v custom %v\n  %s\n", *p.SourceURI, p.Status, p.Visibility, p.Title, p.Path, parent, p.Position, p.Seo, p.Custom, strings.ReplaceAll(p.HTML, "\n", "\n  "))
	}
	categories, err := client.Category.Query().WithParent().Order(ent.Asc("slug")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range categories {
		fmt.Fprintf(&b, "SECTION %s %q %q", c.Slug, c.Name, c.Description)
		if c.Edges.Parent != nil {
			fmt.Fprintf(&b, " in %s", c.Edges.Parent.Slug)
		}
		b.WriteByte('\n')
	}
	files, err := client.Media.Query().Order(ent.Asc("source_uri")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range files {
		fmt.Fprintf(&b, "MEDIA %s %s %s %s alt %q caption %q credit %q %dx%d", *m.SourceURI, m.Kind, m.ContentType, m.SourceURL, m.Alt, m.Caption, m.Credit, m.Width, m.Height)
		if m.Rights != nil {
			fmt.Fprintf(&b, " rights %q", m.Rights.Notice)
		}
		b.WriteByte('\n')
	}
	redirects, err := client.Redirect.Query().Order(ent.Asc("path")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range redirects {
		fmt.Fprintf(&b, "REDIRECT %s to %s", r.Path, r.TargetType)
		if r.TargetType == "ARTICLE" {
			fmt.Fprintf(&b, " %s", slugs[*r.TargetID])
		}
		b.WriteByte('\n')
	}
	for _, set := range client.Site.Query().AllX(ctx) {
		fmt.Fprintf(&b, "SITE %q %q %s\n", set.Name, set.Tagline, set.Language)
	}
	menus, err := client.Menu.Query().WithItems(func(q *ent.MenuItemQuery) { q.WithParent().Order(ent.Asc("id")) }).Order(ent.Asc("location")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range menus {
		fmt.Fprintf(&b, "MENU %s %q\n", m.Location, m.Name)
		for _, it := range m.Edges.Items {
			fmt.Fprintf(&b, "  %q to %s %s", it.Label, it.TargetType, it.Address)
			if it.Edges.Parent != nil {
				fmt.Fprintf(&b, " below %q", it.Edges.Parent.Label)
			}
			b.WriteByte('\n')
		}
	}
	picks, err := client.Pick.Query().Order(ent.Asc("position")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range picks {
		fmt.Fprintf(&b, "PICK %d %s\n", p.Position, slugs[p.ArticleID])
	}
	return b.String()
}

// lineDiff gives the lines that only one of two texts has.
func lineDiff(before, after string) string {
	var b strings.Builder
	for _, side := range []struct{ sign, of, other string }{{"-", before, after}, {"+", after, before}} {
		for line := range strings.Lines(side.of) {
			if !strings.Contains("\n"+side.other, "\n"+line) {
				b.WriteString(side.sign + line)
			}
		}
	}
	return b.String()
}

func reportText(t testing.TB, r *WXRReport) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWXRBringsAWholeSite(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := wxrServices(db)
		report := wxrImported(t, s, newsroom(t), WXROptions{})
		golden(t, "wxr_report.txt", reportText(t, report))
		golden(t, "wxr_contents.txt", contents(t, db))
		read := 0
		for _, row := range report.Types {
			read += row.Read
			if row.Read != row.Created+row.Updated+row.Unchanged+row.Kept+row.Rejected+row.LeftOut {
				t.Errorf("%s %s: not every item has an outcome", row.Type, row.Status)
			}
		}
		if want := strings.Count(newsroom(t), "<item>"); read != want || report.Items != want {
			t.Errorf("%d and %d items are told of, the file has %d", read, report.Items, want)
		}
	})
}

func TestWXRAgainChangesNothing(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := wxrServices(db)
		wxrImported(t, s, newsroom(t), WXROptions{})
		before, events := contents(t, db), eventCount(t, db)
		report := wxrImported(t, s, newsroom(t), WXROptions{})
		if diff := gocmp.Diff(before, contents(t, db)); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
		if n := eventCount(t, db); n != events {
			t.Errorf("%d events of nothing", n-events)
		}
		if report.Created+report.Updated != 0 {
			t.Errorf("%d created, %d updated", report.Created, report.Updated)
		}
	})
}

func eventCount(t testing.TB, db *store.DB) int {
	t.Helper()
	n, err := db.Ent(t.Context()).Event.Query().Count(access.AsSystem(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWXRUpdatesWhatChanged(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := wxrServices(db)
		ctx := access.AsSystem(t.Context())
		wxrImported(t, s, newsroom(t), WXROptions{})
		// Here, one article is edited, a comment approved, a page changed.
		client := db.Ent(ctx)
		if err := client.Article.Update().Where(article.Slug("hostile")).SetTitle("Harmless").SetEditedAt(noon).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		before := contents(t, db)
		changed := strings.NewReplacer(
			"<title>The storm</title>", "<title>The great storm</title>",
			"<wp:post_name>storm</wp:post_name>", "<wp:post_name>great-storm</wp:post_name>",
			"2024/05/storm/</link>", "2024/05/great-storm/</link>",
			"<title>Hostile</title>", "<title>More hostile</title>",
			"Not yet read.", "Not yet read, but edited.",
			"The harbour from above", "The harbour from the sea",
			"<title>About us</title>", "<title>Who we are</title>",
			"About us.]]>", "About us all.]]>",
		).Replace(newsroom(t))
		report := wxrImported(t, s, changed, WXROptions{})
		golden(t, "wxr_changed.txt", lineDiff(before, contents(t, db)))
		golden(t, "wxr_changed_report.txt", reportText(t, report))
	})
}

func TestWXRDryRunLeavesNothing(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := wxrServices(db)
		rehearsed := wxrImported(t, s, newsroom(t), WXROptions{DryRun: true})
		if got := contents(t, db); got != "" {
			t.Errorf("left behind:\n%s", got)
		}
		done := wxrImported(t, s, newsroom(t), WXROptions{})
		done.DryRun = true
		if diff := gocmp.Diff(reportText(t, done), reportText(t, rehearsed)); diff != "" {
			t.Errorf("(-import +rehearsal):\n%s", diff)
		}
	})
}

func TestWXRStrictStopsAtTheFirstProblem(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := wxrServices(db)
		_, err := WXR(t.Context(), s, []WXRFile{asFile("export.xml", newsroom(t))}, WXROptions{Strict: true})
		if !errors.Is(err, ErrStrict) || !strings.Contains(err.Error(), reasonNoFile) {
			t.Errorf("got %v", err)
		}
		if n, _ := db.Ent(t.Context()).Article.Query().Count(access.AsSystem(t.Context())); n != 0 {
			t.Errorf("%d articles stored", n)
		}
	})
}

func TestWXRReadsSeveralFilesInOrder(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		whole := newsroom(t)
		head, items, _ := strings.Cut(whole, "\t<item>")
		parts := strings.SplitAfter("\t<item>"+items, "</item>")
		foot := "\n</channel>\n</rss>\n"
		first := head + strings.Join(parts[:6], "") + foot
		second := head + strings.Join(parts[6:len(parts)-1], "") + foot
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write([]byte(second))
		_ = z.Close()
		s := wxrServices(db)
		report, err := WXR(t.Context(), s, []WXRFile{asFile("1.xml", first), asFile("2.xml.gz", packed.String())}, WXROptions{})
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Count(whole, "<item>"); report.Items != want {
			t.Errorf("%d items of %d", report.Items, want)
		}
		golden(t, "wxr_contents.txt", contents(t, db))
	})
}
