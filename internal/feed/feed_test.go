package feed_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/feed"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

const home = "https://news.example"

// room is a small newsroom with its outputs.
type room struct {
	*feed.Service
	db       *store.DB
	log      *event.Log
	articles *content.Service
	site     *site.Service
	partners *partner.Service
	count    testkit.Statements

	section, tag, author, picture int
}

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func newRoom(t *testing.T, url string) *room {
	t.Helper()
	r := &room{}
	r.db = testkit.Open(t, url, store.Options{Wrap: r.count.Wrap})
	r.log = event.NewLog(r.db)
	dir := directory.New(r.db, r.log)
	r.articles = content.New(r.db, r.log, dir)
	r.site = site.New(r.db, r.log)
	r.partners = partner.New(r.db, r.log, r.articles, comment.New(r.db, r.log), dir, audit.NewLog(r.db))
	r.Service = feed.New(r.db, r.log, dir, r.articles, taxonomy.New(r.db, r.log, r.articles), comment.New(r.db, r.log), r.site, r.partners)
	r.Now = func() time.Time { return now }
	r.settings(t, site.Settings{Name: "The Example", URL: home, Tagline: "News & more", CopyrightHolder: "Example Ltd", Outputs: schema.Outputs{FullText: true}})
	r.fill(t)
	return r
}

func (r *room) settings(t *testing.T, s site.Settings) {
	t.Helper()
	if _, err := r.site.SaveSettings(access.AsSystem(t.Context()), s); err != nil {
		t.Fatal(err)
	}
}

// fill makes a section, a tag, an author and a picture.
func (r *room) fill(t *testing.T) {
	t.Helper()
	err := r.db.Tx(access.AsSystem(t.Context()), func(ctx context.Context) error {
		c := r.db.Ent(ctx)
		section, err := c.Category.Create().SetName("World <news>").SetSlug("world").Save(ctx)
		tag, err2 := c.Tag.Create().SetName("Floods").SetSlug("floods").Save(ctx)
		author, err3 := c.Author.Create().SetName("Ada Ünal").SetSlug("ada").Save(ctx)
		picture, err4 := c.Media.Create().SetKind("IMAGE").SetContentType("image/jpeg").SetSourceURL("https://old.example/wp-content/uploads/2013/01/a.jpg").
			SetBlobKey("2026/03/0123456789abcdef-a.jpg").SetWidth(800).SetHeight(600).SetSize(1234).SetAlt("A river").SetCaption("The river").SetCredit("Photo Desk").Save(ctx)
		if err := errors.Join(err, err2, err3, err4); err != nil {
			return err
		}
		r.section, r.tag, r.author, r.picture = section.ID, tag.ID, author.ID, picture.ID
		return r.log.Append(ctx, event.Event{Action: event.Created, Entity: id.Category, EntityID: section.ID})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r *room) draft(title string, at time.Time) *content.Draft {
	return &content.Draft{Title: title, Status: article.StatusPublished, PublishedAt: &at, Language: "en", PrimaryCategory: &r.section, Excerpt: "About " + title, FeaturedMedia: &r.picture,
		Tags: []int{r.tag}, Authors: []int{r.author}, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: `Words about ` + title + ` and <a href="/sections/world">more</a>`}}}
}

func (r *room) save(t *testing.T, drafts ...*content.Draft) []*ent.Article {
	t.Helper()
	saved, err := r.articles.Save(access.AsSystem(t.Context()), drafts...)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func (r *room) get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, request)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFeedsReadBack(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		one, two := r.draft("One & only \x01", now.Add(-2*time.Hour)), r.draft("Two", now.Add(-time.Hour))
		hidden := r.draft("Hidden", now)
		hidden.Status = article.StatusDraft
		arabic := r.draft("ثلاثة", now.Add(-time.Minute))
		arabic.Language, arabic.PrimaryCategory, arabic.Tags, arabic.Authors = "ar", nil, nil, nil
		r.save(t, one, two, hidden, arabic)
		in := []string{"Two", "One & only \uFFFD"}
		for path, want := range map[string][]string{"/feed/": {"ثلاثة", in[0], in[1]}, "/sections/world/feed/": in, "/tags/floods/feed/": in, "/authors/ada/feed/": in, "/languages/ar/feed/": {"ثلاثة"}} {
			for _, format := range []string{"", "atom/", "json/"} {
				answer := r.get(t, path+format)
				text := body(t, answer)
				read, err := gofeed.NewParser().ParseString(text)
				if answer.StatusCode != http.StatusOK || err != nil {
					t.Fatalf("%s%s: %s, %v", path, format, answer.Status, err)
				}
				var titles []string
				for _, it := range read.Items {
					titles = append(titles, strings.ReplaceAll(it.Title, "\x01", "\uFFFD"))
				}
				if diff := cmp.Diff(want, titles); diff != "" {
					t.Errorf("%s%s:\n%s", path, format, diff)
				}
				last := read.Items[len(read.Items)-1]
				if path == "/feed/" && (last.Link != home+"/articles/one-only" || !strings.Contains(text, "Ada Ünal") || !strings.Contains(text, home+"/media/2026/03/0123456789abcdef-a.jpg") ||
					last.PublishedParsed == nil || !last.PublishedParsed.Equal(now.Add(-2*time.Hour)) || !strings.Contains(last.Content, `<a href="`+home+`/sections/world"`)) {
					t.Errorf("%s%s: %+v\n%s", path, format, last, text)
				}
			}
			r.compareNinjs(t, path, len(want))
		}
		for _, path := range []string{"/tags/none/feed/", "/sections/none/feed/atom/", "/articles/hidden/feed/ninjs/", "/feed/xyz/", "/pages/feed/"} {
			if answer := r.get(t, path); answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %s", path, answer.Status)
			}
		}
	})
}

// compareNinjs reads a list back by our own reader, and each article by itself.
func (r *room) compareNinjs(t *testing.T, path string, want int) {
	t.Helper()
	it, err := ninjs.NewReader(strings.NewReader(body(t, r.get(t, path+"ninjs/"))), ninjs.Options{}).Next()
	if err != nil && !errors.Is(err, io.EOF) || len(it.Problems)+len(it.Unknown) > 0 || len(it.Associations) != want {
		t.Errorf("%sninjs/: %v, %v, %v, %d items", path, err, it.Problems, it.Unknown, len(it.Associations))
	}
	one, err := ninjs.NewReader(strings.NewReader(body(t, r.get(t, "/articles/two/feed/ninjs/"))), ninjs.Options{}).Next()
	if err != nil && !errors.Is(err, io.EOF) || one.Headline() != "Two" || one.Version != "1" || len(one.Bodies) != 1 {
		t.Errorf("an article: %v, %+v", err, one)
	}
}

func TestExcerptsAreShortAndOneAddressIsOne(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		r.settings(t, site.Settings{Name: "The Example", URL: home})
		r.save(t, r.draft("One", now))
		for _, path := range []string{"/feed/", "/feed/atom/", "/feed/json/", "/feed/ninjs/"} {
			if text := body(t, r.get(t, path)); strings.Contains(text, "Words about") || !strings.Contains(text, "About One") {
				t.Errorf("%s: %s", path, text)
			}
		}
		for path, want := range map[string]string{"/feed": "/feed/", "/feed/rss2/": "/feed/", "/sections/world/feed": "/sections/world/feed/", "/feed/atom": "/feed/atom/"} {
			if a := r.get(t, path); a.StatusCode != http.StatusMovedPermanently || a.Header.Get("Location") != want {
				t.Errorf("%s: %s %s", path, a.Status, a.Header.Get("Location"))
			}
		}
	})
}

func TestConditionsAndChanges(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		saved := r.save(t, r.draft("One", now.Add(-time.Hour)))
		later := time.Now().Add(time.Hour) // past the second in which the changes were made
		r.Now = func() time.Time { return later }
		first := r.get(t, "/feed/")
		etag, modified := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
		if etag == "" || modified == "" || first.Header.Get("Content-Type") != "application/rss+xml; charset=utf-8" {
			t.Errorf("headers: %v", first.Header)
		}
		for name, header := range map[string][]string{"the tag": {"If-None-Match", `"x", W/` + etag}, "any": {"If-None-Match", "*"}, "the moment": {"If-Modified-Since", modified}} {
			if a := r.get(t, "/feed/", header...); a.StatusCode != http.StatusNotModified || body(t, a) != "" || a.Header.Get("ETag") != etag {
				t.Errorf("%s: %s", name, a.Status)
			}
		}
		if a := r.get(t, "/feed/", "If-None-Match", `"x"`, "If-Modified-Since", modified); a.StatusCode != http.StatusOK {
			t.Errorf("the tag does not come before the moment: %s", a.Status)
		}
		r.count.Take()
		if body(t, r.get(t, "/feed/")); len(r.count.Take()) > 0 {
			t.Error("what did not change is made again")
		}
		d := r.draft("Another", now.Add(-time.Hour))
		d.ID, d.Status = saved[0].ID, article.StatusUnpublished
		r.save(t, d)
		if a := r.get(t, "/feed/", "If-None-Match", etag); a.StatusCode != http.StatusOK || strings.Contains(body(t, a), "One") {
			t.Errorf("after a change: %s", a.Status)
		}
		post := httptest.NewRecorder()
		r.Handler().ServeHTTP(post, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/feed/", nil))
		if post.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST: %d", post.Code)
		}
	})
}

func TestCostDoesNotDependOnTheArchive(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		r.save(t, r.draft("First", now.Add(-1000*time.Hour)))
		paths := []string{"/feed/", "/sections/world/feed/atom/", "/tags/floods/feed/json/", "/feed/ninjs/", "/sitemap.xml", "/sitemaps/news.xml", "/comments/feed/", "/robots.txt", "/?p=1"}
		count := func() map[string]int {
			counts := map[string]int{}
			body(t, r.get(t, "/humans.txt")) // the directory is loaded
			for _, p := range paths {
				r.count.Take()
				body(t, r.get(t, p))
				counts[p] = len(r.count.Take())
			}
			return counts
		}
		few := count()
		var more []*content.Draft
		for i := range 120 {
			more = append(more, r.draft(fmt.Sprintf("Story %d", i), now.Add(-time.Duration(i)*time.Minute)))
		}
		r.save(t, more...)
		many := count()
		if diff := cmp.Diff(few, many); diff != "" {
			t.Errorf("statements (-few articles +many):\n%s", diff)
		}
		for p, n := range many {
			if n > 13 {
				t.Errorf("%s costs %d statements", p, n)
			}
		}
	})
}

func TestSitemaps(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		group := 7
		old, fresh, arabic, hidden := r.draft("Old", time.Date(2013, 1, 31, 23, 59, 59, 0, time.UTC)), r.draft("Fresh", now.Add(-time.Hour)), r.draft("Gharib", now.Add(-2*time.Hour)), r.draft("Unlisted", now)
		arabic.Language, arabic.TranslationGroup, fresh.TranslationGroup = "ar", &group, &group
		hidden.SEO = &schema.SEO{NoIndex: true}
		r.save(t, old, fresh, arabic, hidden)
		urls := func(path string) (all []string) {
			t.Helper()
			text := body(t, r.get(t, path))
			for d := xml.NewDecoder(strings.NewReader(text)); ; {
				token, err := d.Token()
				if errors.Is(err, io.EOF) {
					return all
				} else if err != nil {
					t.Fatalf("%s: %v\n%s", path, err, text)
				}
				if start, ok := token.(xml.StartElement); ok && start.Name.Local == "loc" && start.Name.Space == "http://www.sitemaps.org/schemas/sitemap/0.9" {
					var loc string
					if err := d.DecodeElement(&loc, &start); err != nil {
						t.Fatal(err)
					}
					all = append(all, strings.TrimPrefix(loc, home))
				}
			}
		}
		for path, want := range map[string][]string{
			"/sitemap.xml":          {"/sitemaps/pages.xml", "/sitemaps/news.xml", "/sitemaps/2026-03.xml", "/sitemaps/2013-01.xml"},
			"/sitemaps/2026-03.xml": {"/articles/fresh", "/articles/gharib"},
			"/sitemaps/2013-01.xml": {"/articles/old"},
			"/sitemaps/news.xml":    {"/articles/fresh", "/articles/gharib"},
			"/sitemaps/pages.xml":   {"/", "/sections/world"},
		} {
			if diff := cmp.Diff(want, urls(path)); diff != "" {
				t.Errorf("%s:\n%s", path, diff)
			}
		}
		text := body(t, r.get(t, "/sitemaps/2026-03.xml"))
		for _, want := range []string{`hreflang="ar" href="` + home + `/articles/gharib"`, "<image:loc>" + home + "/media/2026/03/0123456789abcdef-a.jpg</image:loc>"} {
			if !strings.Contains(text, want) {
				t.Errorf("without %s:\n%s", want, text)
			}
		}
		if text := body(t, r.get(t, "/sitemaps/news.xml")); !strings.Contains(text, "<news:title>Fresh</news:title>") || !strings.Contains(text, "<news:name>The Example</news:name>") {
			t.Error(text)
		}
		for _, path := range []string{"/sitemaps/2026-13.xml", "/sitemaps/x.xml", "/sitemaps/2026-3.xml", "/sitemaps/-1-01.xml", "/sitemaps/2012-12.xml"} {
			if a := r.get(t, path); a.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %s", path, a.Status)
			}
		}
	})
}

func TestTextsOfTheSettings(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		if a := r.get(t, "/ads.txt"); a.StatusCode != http.StatusNotFound {
			t.Errorf("ads.txt: %s", a.Status)
		}
		r.settings(t, site.Settings{Name: "The Example", URL: home, Outputs: schema.Outputs{AdsTxt: "ads.example, 1, DIRECT", HumansTxt: "Ada", RobotsTxt: "User-agent: *\r\nDisallow: /x"}})
		for path, want := range map[string]string{"/ads.txt": "ads.example, 1, DIRECT\n", "/humans.txt": "Ada\n",
			"/robots.txt": "User-agent: *\nDisallow: /x\n\nSitemap: " + home + "/sitemap.xml\nSitemap: " + home + "/sitemaps/news.xml\n"} {
			if a := r.get(t, path); body(t, a) != want || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%s: %s %v", path, a.Status, a.Header)
			}
		}
	})
}

func TestOldAddressesLeadOn(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		d := r.draft("One", now)
		d.Source.URI = "https://old.example/?p=123"
		hidden := r.draft("Hidden", now)
		hidden.Source.URI, hidden.Status = "https://old.example/?p=124", article.StatusDraft
		saved := r.save(t, d, hidden)
		if _, err := r.site.SaveRedirects(access.AsSystem(t.Context()), site.Redirect{Path: "/2013/01/one", Target: site.Target{Type: menuitem.TargetTypeArticle, ID: saved[0].ID}},
			site.Redirect{Path: "/category/weltweit", Target: site.Target{Type: menuitem.TargetTypeCategory, ID: r.section}},
			site.Redirect{Path: "/gone", StatusCode: http.StatusGone}); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{
			"/?p=123": "/articles/one", "/?p=124": "", "/?p=99": "", "/?p=x": "", "/?feed=rss2": "/feed/", "/?feed=atom": "/feed/atom/", "/?feed=comments-rss2": "/comments/feed/", "/?feed=x": "",
			"/category/world/feed/": "/sections/world/feed/", "/category/europe/world/feed/atom/": "/sections/world/feed/atom/", "/category/none/feed/": "", "/category/weltweit/feed/": "/sections/world/feed/",
			"/tag/floods/feed/": "/tags/floods/feed/", "/author/ada/feed/": "/authors/ada/feed/", "/2013/01/one/feed/": "/articles/one/feed/", "/2013/01/one/": "/articles/one",
			"/2013/01/": "/archive?month=2013-01", "/2013/": "/", "/2026/": "/archive?month=2026-03", "/2013/01/31/": "/archive?date=2013-01-31", "/2013/12/page/2/": "/archive?month=2013-12", "/0000/": "/", "/2013/13/": "", "/?category_name=weltweit": "/sections/world", "/?paged=3": "/",
			"/category/weltweit/page/3/": "/sections/world", "/2013/01/one/comment-page-2/": "/articles/one", "/2013/01/one/comment-page-2/amp/": "/articles/one", "/2013/01/one/print/": "/articles/one",
			"/2013/01/feed/": "/feed/", "/wp-sitemap.xml": "/sitemap.xml",
			"/wp-content/uploads/2013/01/a.jpg": "/media/2026/03/0123456789abcdef-a.jpg", "/wp-content/uploads/2013/01/a-300x200.jpg": "/media/2026/03/0123456789abcdef-a.jpg",
			"/page/2/": "/", "/category/weltweit/page/2/": "/sections/world", "/category/world/": "/sections/world", "/category/europe/world/page/3/": "/sections/world", "/category/none/": "", "/category/none/page/2/": "",
			"/tag/floods/page/2/": "/tags/floods", "/author/ada/": "/authors/ada", "/sections/world/page/2/": "/sections/world", "/2013/01/one/2/": "/articles/one", "/2013/01/one/comment-page-1/": "/articles/one",
			"/2013/01/one/amp/": "/articles/one", "/2013/01/one/trackback/": "/articles/one", "/articles/one/embed/": "/articles/one", "/articles/none/2/": "", "/articles/hidden/2/": "", "/nothing/2/": "", "/nothing/page/2/": "",
			"/search/ferry+boats/": "/search?q=ferry%2Bboats", "/search/ferry/feed/rss2/": "/search?q=ferry", "/?s=ferry+boats": "/search?q=ferry+boats", "/?s=": "", "/?m=201301": "/archive?month=2013-01",
			"/?m=20130131": "/archive?date=2013-01-31", "/?m=201313": "", "/?tag=floods": "/tags/floods", "/?tag=none": "", "/?category_name=europe/world": "/sections/world", "/?author_name=ada": "/authors/ada",
			"/index.php": "/", "/index.php/2013/01/one/": "/2013/01/one", "/index.php?p=123": "/?p=123", "/index.phpx": "",
			"/wp-content/uploads/2013/01/b.jpg": "", "/wp-content/uploads/../../etc/passwd": "", "/nothing": "", "/404": "", "/print": "", "/articles/one" + strings.Repeat("/amp", 300): "", "/%ff": "", "/" + strings.Repeat("x", 9000): "",
		} {
			status, location := http.StatusMovedPermanently, home+want
			if want == "" {
				status, location = http.StatusNotFound, ""
			}
			if a := r.get(t, path); a.StatusCode != status || a.Header.Get("Location") != location {
				t.Errorf("%.80s: %s %s, want %s", path, a.Status, a.Header.Get("Location"), location)
			}
		}
		if a := r.get(t, "/gone"); a.StatusCode != http.StatusGone {
			t.Errorf("what is gone: %s", a.Status)
		}
	})
}

// TestAddressesInOutputsAreASCII, whatever letters the name of an article has.
func TestAddressesInOutputsAreASCII(t *testing.T) {
	t.Parallel()
	r := newRoom(t, testkit.URL(t, store.SQLite))
	saved := r.save(t, r.draft("ميناء", now.Add(-time.Hour)))
	if _, err := comment.New(r.db, r.log).Save(access.AsSystem(t.Context()), &comment.Draft{ArticleID: saved[0].ID, GuestName: "Nadia", Body: "Words", Status: entcomment.StatusApproved, Kind: entcomment.KindComment}); err != nil {
		t.Fatal(err)
	}
	paths := []string{"/sitemaps/2026-03.xml", permalink.Escaped("/articles/"+saved[0].Slug) + "/feed/"}
	for path := range r.Paths() {
		paths = append(paths, path)
	}
	address, article := regexp.MustCompile(`(?:<loc>|<image:loc>|<link>|<id>|href="|url="|"url":"|"home_page_url":")([^<"]*)`), 0
	for _, path := range paths {
		if path == "/feed/ninjs/" { // addresses of data for programs, as the API has them
			continue
		}
		for _, m := range address.FindAllStringSubmatch(body(t, r.get(t, path)), -1) {
			if strings.ContainsFunc(m[1], func(c rune) bool { return c > unicode.MaxASCII }) {
				t.Errorf("%s: %s", path, m[1])
			}
			if strings.Contains(m[1], "/articles/%D9%85") {
				article++
			}
		}
	}
	if article < 7 {
		t.Errorf("the address of the article is there %d times", article)
	}
}

func TestCommentsHaveFeeds(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		saved := r.save(t, r.draft("One", now), r.draft("Two", now))
		err := r.db.Tx(access.AsSystem(t.Context()), func(ctx context.Context) error {
			var made []event.Event
			for i, status := range []entcomment.Status{entcomment.StatusApproved, entcomment.StatusPending, entcomment.StatusApproved} {
				c, err := r.db.Ent(ctx).Comment.Create().SetArticleID(saved[i%2].ID).SetGuestName("Bo <b>").SetBody(fmt.Sprintf("Said %d <script>", i)).
					SetStatus(status).SetPostedAt(now.Add(time.Duration(i) * time.Minute)).Save(ctx)
				if err != nil {
					return err
				}
				made = append(made, event.Event{Action: event.Created, Entity: id.Comment, EntityID: c.ID, Detail: event.Detail{ArticleID: c.ArticleID}})
			}
			return r.log.Append(ctx, made...)
		})
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string][]string{"/comments/feed/": {"Said 2 <script>", "Said 0 <script>"}, "/articles/two/feed/": nil, "/articles/one/feed/": {"Said 2 <script>", "Said 0 <script>"}} {
			read, err := gofeed.NewParser().ParseString(body(t, r.get(t, path)))
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, it := range read.Items {
				said = append(said, it.Description)
				if strings.Contains(it.Content, "<script>") {
					t.Errorf("%s: %s", path, it.Content)
				}
			}
			if !slices.Equal(said, want) {
				t.Errorf("%s: %q", path, said)
			}
		}
	})
}

func TestKeysGetWhatTheyAreEntitledTo(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		other := r.draft("Elsewhere", now)
		other.PrimaryCategory = nil
		r.save(t, r.draft("One", now), other)
		request := httptest.NewRequestWithContext(partner.With(t.Context(), &partner.Key{ID: 1, Entitlement: partner.Entitlement{Categories: []int{r.section}}}), http.MethodGet, "/feed/json/", nil)
		w := httptest.NewRecorder()
		r.Handler().ServeHTTP(w, request)
		var got struct{ Items []struct{ Title string } }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Items) != 1 || got.Items[0].Title != "One" || w.Header().Get("Cache-Control") != "private, no-cache" {
			t.Errorf("got %+v, %v", got, w.Header())
		}
		if text := body(t, r.get(t, "/feed/json/")); !strings.Contains(text, "Elsewhere") {
			t.Error("what was made for a key is given to everybody")
		}
	})
}
