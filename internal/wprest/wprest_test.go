package wprest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/wprest"
)

const home = "https://news.example"

// room is a small newsroom with the interface. What begins with "Secret" is for
// nobody.
type room struct {
	*wprest.Service

	handler  http.Handler
	site     *site.Service
	db       *store.DB
	log      *event.Log
	articles *content.Service
	count    testkit.Statements

	world, asia, floods, ada, idle, picture int
	posts                                   []int // by date, the oldest first
	draft, hiddenMedia, page, draftPage     int
	comments                                []int
	pending                                 int
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func newRoom(t *testing.T, url string) *room {
	t.Helper()
	r := &room{}
	r.db = testkit.Open(t, url, store.Options{Wrap: r.count.Wrap})
	log := event.NewLog(r.db)
	r.log = log
	dir := directory.New(r.db, log)
	r.articles = content.New(r.db, log, dir)
	find := search.New(r.db, dir)
	r.articles.Derive(find)
	pages, comments := site.New(r.db, log), comment.New(r.db, log)
	r.Service, r.site = wprest.New(log, dir, r.articles, taxonomy.New(r.db, log, r.articles), pages, comments, find), pages
	r.handler = r.Handler()
	system := access.AsSystem(t.Context())
	must(pages.SaveSettings(system, site.Settings{Name: "The Example", URL: home, Tagline: "News", TimeZone: "Asia/Beirut"}))(t)
	err := r.db.Tx(system, func(ctx context.Context) error {
		c := r.db.Ent(ctx)
		world, err1 := c.Category.Create().SetName("World & more").SetSlug("world").Save(ctx)
		asia, err2 := c.Category.Create().SetName("Asia").SetSlug("asia").SetParentID(world.ID).Save(ctx)
		floods, err3 := c.Tag.Create().SetName("Floods").SetSlug("floods").Save(ctx)
		account, err4 := c.User.Create().SetEmail("ada@secret.example").SetDisplayName("Ada").SetRole("AUTHOR").Save(ctx)
		ada, err5 := c.Author.Create().SetName("Ada").SetSlug("ada").SetUserID(account.ID).Save(ctx)
		idle, err6 := c.Author.Create().SetName("Secret Idle").SetSlug("secret-idle").Save(ctx)
		picture, err7 := c.Media.Create().SetKind("IMAGE").SetContentType("image/jpeg").SetBlobKey("2026/03/a.jpg").SetWidth(800).SetHeight(600).SetAlt("A river").Save(ctx)
		hidden, err8 := c.Media.Create().SetKind("IMAGE").SetContentType("image/jpeg").SetBlobKey("2026/03/secret.jpg").SetAlt("Secret picture").Save(ctx)
		if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8); err != nil {
			return err
		}
		r.world, r.asia, r.floods, r.ada, r.idle, r.picture, r.hiddenMedia = world.ID, asia.ID, floods.ID, ada.ID, idle.ID, picture.ID, hidden.ID
		return log.Append(ctx, event.Event{Action: event.Created, Entity: id.Category, EntityID: world.ID})
	})
	if err != nil {
		t.Fatal(err)
	}
	r.fill(t, comments, pages)
	return r
}

func (r *room) fill(t *testing.T, comments *comment.Service, pages *site.Service) {
	t.Helper()
	system := access.AsSystem(t.Context())
	for i := range 7 {
		at := time.Date(2026, 3, 1+i, 9, 0, 0, 0, time.UTC)
		d := &content.Draft{Title: fmt.Sprintf("Story <%d>", i), Status: article.StatusPublished, PublishedAt: &at, Language: "en", PrimaryCategory: &r.world, Excerpt: "About it", Authors: []int{r.ada},
			Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: fmt.Sprintf(`Words of number%d and <a href="/sections/world">more</a>`, i)}}}
		if i%2 == 0 {
			d.PrimaryCategory, d.Tags, d.FeaturedMedia = &r.asia, []int{r.floods}, &r.picture
		}
		r.posts = append(r.posts, must(r.articles.Save(system, d))(t)[0].ID)
	}
	hidden := func(status article.Status) *content.Draft {
		return &content.Draft{Title: "Secret " + string(status), Status: status, Language: "en", PrimaryCategory: &r.asia, Tags: []int{r.floods}, Authors: []int{r.idle}, FeaturedMedia: &r.hiddenMedia,
			Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Secret words of number1"}}}
	}
	r.draft = must(r.articles.Save(system, hidden(article.StatusDraft), hidden(article.StatusEmbargoed), hidden(article.StatusKilled), hidden(article.StatusUnpublished)))(t)[0].ID
	r.page = must(pages.SavePage(system, site.Page{Title: "About us", Slug: "about", Status: page.StatusPublished, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "We are"}}}))(t).ID
	r.draftPage = must(pages.SavePage(system, site.Page{Title: "Secret page", Slug: "secret-page"}))(t).ID
	draft := func(article int, text string, status entcomment.Status) *comment.Draft {
		return &comment.Draft{ArticleID: article, GuestName: "Nadia", GuestEmail: "nadia@secret.example", Body: text, Status: status, Kind: entcomment.KindComment, PostedAt: time.Date(2026, 3, 9, 9, len(text), 0, 0, time.UTC)}
	}
	saved := must(comments.Save(system, draft(r.posts[0], "One", entcomment.StatusApproved), draft(r.posts[1], "Two, longer", entcomment.StatusApproved), draft(r.posts[0], "Secret, waits", entcomment.StatusPending),
		draft(r.draft, "Secret, below a draft", entcomment.StatusApproved)))(t)
	r.comments, r.pending = []int{saved[0].ID, saved[1].ID}, saved[2].ID
}

// get asks as an editor, to whom nothing more is shown.
func (r *room) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	ctx := access.With(t.Context(), access.Viewer{UserID: 1, Role: access.Editor, Name: "Eddy"})
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/wp-json"+path, nil))
	text := w.Body.String()
	if lower := strings.ToLower(text); strings.Contains(lower, "secret") || strings.Contains(lower, "@") {
		t.Errorf("%s shows what is for nobody: %s", path, text)
	}
	return w.Result(), text
}

// numbers are the ids of a list.
func (r *room) numbers(t *testing.T, path string) []int {
	t.Helper()
	answer, text := r.get(t, path)
	var list []struct{ ID int }
	if err := json.Unmarshal([]byte(text), &list); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", path, answer.Status, err, text)
	}
	all := []int{}
	for _, x := range list {
		all = append(all, x.ID)
	}
	return all
}

func TestListsAreNarrowedAndOrdered(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		p := func(which ...int) []int {
			keys := []int{}
			for _, i := range which {
				keys = append(keys, r.posts[i])
			}
			return keys
		}
		for path, want := range map[string][]int{
			"posts":                        p(6, 5, 4, 3, 2, 1, 0),
			"posts?per_page=3":             p(6, 5, 4),
			"posts?per_page=3&page=3":      p(0),
			"posts?per_page=3&offset=1":    p(5, 4, 3),
			"posts?order=asc&per_page=2":   p(0, 1),
			"posts?orderby=id&order=asc":   p(0, 1, 2, 3, 4, 5, 6),
			"posts?orderby=title":          p(6, 5, 4, 3, 2, 1, 0),
			"posts?orderby=slug&order=asc": p(0, 1, 2, 3, 4, 5, 6),
			"posts?after=2026-03-05T00:00:00Z&before=2026-03-07T00:00:00":                          p(5, 4),
			"posts?after=2026-03-06T10:59:59":                                                      p(6, 5), // 08:59:59 in UTC
			"posts?modified_after=2026-03-05T10:00:00Z":                                            p(6, 5),
			"posts?modified_before=2026-03-02T00:00:00Z":                                           p(0),
			fmt.Sprintf("posts?categories=%d", r.asia):                                             p(6, 4, 2, 0),
			fmt.Sprintf("posts?categories=%d", r.world):                                            p(6, 5, 4, 3, 2, 1, 0), // with what is below it
			fmt.Sprintf("posts?categories_exclude=%d", r.asia):                                     p(5, 3, 1),
			fmt.Sprintf("posts?categories[]=%d&categories[]=%d&per_page=2", r.asia, r.world):       p(6, 5),
			fmt.Sprintf("posts?tags=%d&after=2026-03-04", r.floods):                                p(6, 4),
			fmt.Sprintf("posts?tags=%d,99999", r.floods):                                           p(6, 4, 2, 0),
			fmt.Sprintf("posts?author=%d&per_page=1", r.ada):                                       p(6),
			fmt.Sprintf("posts?author=%d", r.idle):                                                 p(),
			fmt.Sprintf("posts?exclude=%d,%d&per_page=2", r.posts[6], r.posts[5]):                  p(4, 3),
			fmt.Sprintf("posts?include=%d,%d,%d&orderby=include", r.posts[1], r.posts[5], r.draft): p(1, 5),
			fmt.Sprintf("posts?include=%d,%d", r.posts[1], r.posts[5]):                             p(5, 1),
			"posts?slug=story-3,story-1":                                                           p(3, 1),
			"posts?slug=nothing":                                                                   p(),
			"posts?search=number1":                                                                 p(1),
			"posts?search=words&per_page=2":                                                        p(6, 5),
			"search?search=number1":                                                                p(1),
			"categories":                                                                           {r.asia, r.world},
			"categories?parent=0":                                                                  {r.world},
			"categories?search=ASI":                                                                {r.asia},
			"categories?orderby=count&order=desc":                                                  {r.world, r.asia},
			"categories?hide_empty=true&slug=world":                                                {r.world},
			fmt.Sprintf("categories?post=%d", r.posts[1]):                                          {r.world},
			"tags":                                  {r.floods},
			"tags?search=flo":                       {r.floods},
			fmt.Sprintf("tags?post=%d", r.posts[1]): {},
			fmt.Sprintf("tags?post=%d", r.draft):    {},
			"users":                                 {r.ada},
			"users?include=" + fmt.Sprint(r.idle):   {},
			"users?search=idle":                     {},
			"media":                                 {r.picture},
			"media?media_type=video":                {},
			fmt.Sprintf("media?include=%d", r.hiddenMedia): {},
			"pages":                         {r.page},
			"pages?slug=about":              {r.page},
			"comments":                      {r.comments[1], r.comments[0]},
			"comments?order=asc&per_page=1": {r.comments[0]},
			fmt.Sprintf("comments?post=%d", r.posts[0]):                     {r.comments[0]},
			fmt.Sprintf("comments?post=%d", r.draft):                        {},
			fmt.Sprintf("comments?include=%d,%d", r.comments[0], r.pending): {r.comments[0]},
			"comments?parent=0&after=2026-03-09T09:05:00Z":                  {r.comments[1]},
		} {
			if diff := cmp.Diff(want, r.numbers(t, "/wp/v2/"+path)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
	})
}

func TestPagesOfAListAreCountedAndLinked(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		for path, want := range map[string][3]string{
			"posts?per_page=3":             {"7", "3", `<` + home + `/wp-json/wp/v2/posts?page=2&per_page=3>; rel="next"`},
			"posts?per_page=3&page=3":      {"7", "3", `<` + home + `/wp-json/wp/v2/posts?page=2&per_page=3>; rel="prev"`},
			"posts":                        {"7", "1", ""},
			"categories?per_page=1&page=2": {"2", "2", `<` + home + `/wp-json/wp/v2/categories?page=1&per_page=1>; rel="prev"`},
			"tags?page=9":                  {"1", "1", `<` + home + `/wp-json/wp/v2/tags?page=1>; rel="prev"`},
			"comments?per_page=1":          {"2", "2", `<` + home + `/wp-json/wp/v2/comments?page=2&per_page=1>; rel="next"`},
			"users":                        {"1", "1", ""},
			"search?search=words":          {"7", "1", ""},
		} {
			answer, _ := r.get(t, "/wp/v2/"+path)
			got := [3]string{answer.Header.Get("X-WP-Total"), answer.Header.Get("X-WP-TotalPages"), strings.Join(answer.Header.Values("Link"), ", ")}
			if got != want {
				t.Errorf("%s: %v, want %v", path, got, want)
			}
		}
	})
}

func TestErrorsAreInWordPressForm(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		for path, want := range map[string]string{
			"posts?per_page=101": "400 rest_invalid_param per_page", "posts?per_page=0": "400 rest_invalid_param per_page", "posts?page=x": "400 rest_invalid_param page",
			"posts?page=9": "400 rest_post_invalid_page_number ", "media?page=9": "400 rest_post_invalid_page_number ", "posts?categories=a": "400 rest_invalid_param categories",
			"posts?after=yesterday": "400 rest_invalid_param after", "posts?orderby=rand": "400 rest_invalid_param orderby", "posts?order=up": "400 rest_invalid_param order",
			"posts?status=draft": "400 rest_invalid_param status", "posts?context=edit": "401 rest_forbidden_context ", "posts/99999": "404 rest_post_invalid_id ",
			fmt.Sprintf("posts/%d", r.draft): "404 rest_post_invalid_id ", fmt.Sprintf("pages/%d", r.draftPage): "404 rest_post_invalid_id ", fmt.Sprintf("media/%d", r.hiddenMedia): "404 rest_post_invalid_id ",
			fmt.Sprintf("comments/%d", r.pending): "404 rest_comment_invalid_id ", fmt.Sprintf("users/%d", r.idle): "404 rest_user_invalid_id ", "categories/99999": "404 rest_term_invalid ", "tags/99999": "404 rest_term_invalid ",
			"posts/abc": "404 rest_no_route ", "posts/-1": "404 rest_no_route ", "posts/1/2": "404 rest_no_route ", "settings": "404 rest_no_route ", "search/1": "404 rest_no_route ",
			"posts?include=" + strings.Repeat("1,", 101): "400 rest_invalid_param include", "posts?x=" + strings.Repeat("x", 9000): "400 rest_invalid_param ", "posts?search=" + strings.Repeat("x", 5000): "400 rest_invalid_param ",
			"comments?post=1,2": "400 rest_invalid_param post", "tags?orderby=count": "400 rest_invalid_param orderby", "posts?page=99999999999999999999": "400 rest_invalid_param page",
		} {
			answer, text := r.get(t, "/wp/v2/"+path)
			var e struct {
				Code, Message string
				Data          struct {
					Status int
					Params map[string]string
				}
			}
			if err := json.Unmarshal([]byte(text), &e); err != nil || e.Message == "" || e.Data.Status != answer.StatusCode {
				t.Errorf("%s: %v: %s", path, err, text)
			}
			var params []string
			for name := range e.Data.Params {
				params = append(params, name)
			}
			if got := fmt.Sprintf("%d %s %s", e.Data.Status, e.Code, strings.Join(params, ",")); got != want {
				t.Errorf("%.80s: %s, want %s", path, got, want)
			}
		}
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/wp-json/wp/v2/posts", strings.NewReader(`{"title":"x"}`)))
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "rest_no_route") {
			t.Errorf("a write: %d %s", w.Code, w.Body)
		}
	})
}

func TestAPostIsWrittenAsClientsExpect(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		_, text := r.get(t, fmt.Sprintf("/wp/v2/posts/%d?_embed", r.posts[2]))
		var post map[string]any
		if err := json.Unmarshal([]byte(text), &post); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{
			"id": float64(r.posts[2]), "date": "2026-03-03T11:00:00", "date_gmt": "2026-03-03T09:00:00", "slug": "story-2", "status": "publish", "type": "post", "link": home + "/articles/story-2",
			"title": map[string]any{"rendered": "Story &lt;2&gt;"}, "excerpt": map[string]any{"rendered": "<p>About it</p>\n", "protected": false}, "author": float64(r.ada), "featured_media": float64(r.picture),
			"categories": []any{float64(r.asia)}, "tags": []any{float64(r.floods)}, "comment_status": "open", "format": "standard", "sticky": false,
		} {
			if diff := cmp.Diff(want, post[name]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if body := post["content"].(map[string]any)["rendered"].(string); !strings.Contains(body, `href="`+home+`/sections/world"`) {
			t.Errorf("content: %s", body)
		}
		embedded := post["_embedded"].(map[string]any)
		if embedded["author"].([]any)[0].(map[string]any)["name"] != "Ada" || embedded["wp:featuredmedia"].([]any)[0].(map[string]any)["source_url"] != home+"/media/2026/03/a.jpg" ||
			embedded["wp:term"].([]any)[1].([]any)[0].(map[string]any)["slug"] != "floods" {
			t.Errorf("embedded: %v", embedded)
		}
		_, text = r.get(t, fmt.Sprintf("/wp/v2/posts?include=%d&_fields=id,title.rendered,_links.self", r.posts[2]))
		if want := fmt.Sprintf(`[{"_links":{"self":[{"href":"%s/wp-json/wp/v2/posts/%d"}]},"id":%d,"title":{"rendered":"Story \u0026lt;2\u0026gt;"}}]`, home, r.posts[2], r.posts[2]); text != want {
			t.Errorf("fields: %s\nwant %s", text, want)
		}
		for _, name := range []string{"categories", "tags", "users", "media", "pages", "comments"} { // each thing of a list is found by its id
			for _, n := range r.numbers(t, "/wp/v2/"+name) {
				if answer, text := r.get(t, fmt.Sprintf("/wp/v2/%s/%d", name, n)); answer.StatusCode != http.StatusOK || !strings.Contains(text, fmt.Sprintf(`"id":%d,`, n)) {
					t.Errorf("%s/%d: %s: %s", name, n, answer.Status, text)
				}
			}
		}
		if answer, text := r.get(t, "/"); answer.StatusCode != http.StatusOK || !strings.Contains(text, `"namespaces":["wp/v2"]`) {
			t.Errorf("the index: %s", text)
		}
	})
}

// TestAnswersAreKeptUntilSomethingChanges: a second request asks the database nothing,
// and a change is seen by the next.
func TestAnswersAreKeptUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		path := "/wp/v2/posts?per_page=1&order=asc"
		first, text := r.get(t, path)
		r.count.Take()
		second, again := r.get(t, "/wp/v2/posts?order=asc&per_page=1") // whatever the order of its parameters
		if asked := r.count.Take(); len(asked) != 0 || text != again || second.Header.Get("X-WP-Total") != "7" || second.Header.Get("Link") != first.Header.Get("Link") {
			t.Errorf("%v, %v: %s", asked, second.Header, again)
		}
		w := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/wp-json"+path, nil)
		request.Header.Set("If-None-Match", first.Header.Get("ETag"))
		if r.handler.ServeHTTP(w, request); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("to whoever has it: %d %s", w.Code, w.Body)
		}
		at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
		made := must(r.articles.Save(access.AsSystem(t.Context()), &content.Draft{Title: "Older", Status: article.StatusPublished, PublishedAt: &at, Language: "en"}))(t)
		if got := r.numbers(t, path); !cmp.Equal(got, []int{made[0].ID}) {
			t.Errorf("after a change: %v", got)
		}
		must(r.articles.Save(access.AsSystem(t.Context()), &content.Draft{ID: made[0].ID, Title: "Secret now", Status: article.StatusKilled, PublishedAt: &at, Language: "en"}))(t)
		if got := r.numbers(t, path); !cmp.Equal(got, []int{r.posts[0]}) {
			t.Errorf("after a kill: %v", got)
		}
	})
}

// TestUnknownParametersMakeNoAnswersOfTheirOwn: what nobody reads asks the database
// nothing, and does not come back in links.
func TestUnknownParametersMakeNoAnswersOfTheirOwn(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		for path, params := range map[string][]string{
			"/wp/v2/posts?per_page=2": {"utm_source=x", "hide_empty=1", "_locale=user", "parent=7", "x[]=1"}, "/wp/v2/categories?per_page=1": {"after=2026-01-01", "v=2"},
			fmt.Sprintf("/wp/v2/posts/%d?_fields=id", r.posts[1]): {"cachebust=1"}, "/?_fields=name": {"rest_route=x"}, "/wp/v2/comments?order=asc": {"utm_source=x", "tags=1"},
		} {
			first, text := r.get(t, path)
			for _, param := range params {
				r.count.Take()
				answer, again := r.get(t, path+"&"+param)
				if asked := r.count.Take(); len(asked) != 0 || text != again || answer.Header.Get("Link") != first.Header.Get("Link") {
					t.Errorf("%s&%s: %d statements, %v: %s", path, param, len(asked), answer.Header["Link"], again)
				}
			}
		}
	})
}

// purse is a budget of one address.
type purse struct{ left int }

func (p *purse) Charge(_ context.Context, h http.Header, points int) bool {
	if points > p.left {
		h.Set("Retry-After", "90")
		return false
	}
	p.left -= points
	return true
}

// TestRequestsAreChargedToABudget: an answer from memory costs little, and one that has
// to be made the more the longer it may be.
func TestRequestsAreChargedToABudget(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		p := &purse{left: 1_000_000}
		r.Budget = p
		cost := func(path string) int {
			before := p.left
			r.get(t, path)
			return before - p.left
		}
		short, kept, long, wrong := cost("/wp/v2/posts?per_page=1"), cost("/wp/v2/posts?per_page=1"), cost("/wp/v2/posts?per_page=100"), cost("/wp/v2/nothing")
		if kept <= 0 || wrong != kept || short < 10*kept || long < 2*short {
			t.Errorf("from memory %d, one post %d, a hundred %d, no route %d", kept, short, long, wrong)
		}
		p.left = kept // enough for what is in memory
		if answer, _ := r.get(t, "/wp/v2/posts?per_page=1"); answer.StatusCode != http.StatusOK {
			t.Errorf("from memory: %s", answer.Status)
		}
		for _, left := range []int{kept - 1, kept} {
			p.left = left
			answer, text := r.get(t, "/wp/v2/posts?per_page=5")
			if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "90" || !strings.Contains(text, `"code":"rest_too_many_requests"`) {
				t.Errorf("with %d left: %s, %v: %s", left, answer.Status, answer.Header, text)
			}
		}
	})
}

// TestCommentsAreClosedAsTheSiteSays: the stricter of the site's settings and the
// article's counts.
func TestCommentsAreClosedAsTheSiteSays(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		path := fmt.Sprintf("/wp/v2/posts/%d?_fields=comment_status", r.posts[0])
		for _, c := range []struct {
			settings *schema.CommentSettings
			want     string
		}{{nil, "open"}, {&schema.CommentSettings{Mode: "CLOSED"}, "closed"}, {&schema.CommentSettings{Mode: "REGISTERED"}, "open"}, {&schema.CommentSettings{CloseAfterDays: 1}, "closed"}, {&schema.CommentSettings{CloseAfterDays: 3650}, "open"}} {
			err := r.db.Tx(access.AsSystem(t.Context()), func(ctx context.Context) error {
				u := r.db.Ent(ctx).Site.Update()
				if c.settings == nil {
					u.ClearCommentSettings()
				} else {
					u.SetCommentSettings(c.settings)
				}
				if err := u.Exec(ctx); err != nil {
					return err
				}
				return r.log.Append(ctx, event.Event{Action: event.Updated, Entity: event.Site})
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, text := r.get(t, path); text != `{"comment_status":"`+c.want+`"}` {
				t.Errorf("%+v: %s", c.settings, text)
			}
		}
	})
}

// TestAListCostsTheSameWhateverItsLength: statements do not grow with the page.
func TestAListCostsTheSameWhateverItsLength(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		r.get(t, "/wp/v2/posts?_embed") // prepares
		cost := func(path string) int {
			r.count.Take()
			r.get(t, "/wp/v2/"+path)
			return len(r.count.Take())
		}
		for _, name := range []string{"posts?_embed&", "categories?", "tags?", "users?", "media?", "pages?", "comments?", "search?search=words&"} {
			if one, all := cost(name+"per_page=1"), cost(name+"per_page=100"); one != all || all > 12 {
				t.Errorf("%s: %d statements for one, %d for all", name, one, all)
			}
		}
	})
}
