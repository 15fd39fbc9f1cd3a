package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// secret stands in every word of the newsroom that no reader may ever get.
const secret = "HIDDEN-FROM-READERS"

// newsroom is a small site behind its own endpoint.
type newsroom struct {
	*app.Services
	bucket     *blob.Bucket
	handler    http.Handler
	statements *testkit.Statements
	errors     *bytes.Buffer // what was logged as internal
	byTitle    map[string]*ent.Article
	comments   []*ent.Comment
	pages      map[string]*ent.Page
	members    map[access.Role]access.Viewer // made by holder
	device     string                        // token of a reading list with every article, hidden ones included
	key        *partner.Key                  // that requests come with, if any
	clock      time.Time
}

// eachNewsroom runs test on a newsroom in each database.
func eachNewsroom(t *testing.T, test func(t *testing.T, n *newsroom)) {
	t.Helper()
	testkit.EachURL(t, func(t *testing.T, url string) { test(t, openNewsroom(t, url)) })
}

// openNewsroom gives a newsroom as the tests know it.
func openNewsroom(t *testing.T, url string) *newsroom {
	t.Helper()
	path, isFile := strings.CutPrefix(url, "sqlite:")
	if !isFile {
		n := emptyNewsroom(t, url)
		n.fill(t)
		return n
	}
	file, like := filledFile(t)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	n := emptyNewsroom(t, url)
	n.byTitle, n.pages, n.comments, n.device = maps.Clone(like.byTitle), maps.Clone(like.pages), slices.Clone(like.comments), like.device
	return n
}

// filledRoom is a newsroom that openNewsroom copies: filling one takes longer than
// most tests.
var filledRoom struct {
	sync.Mutex
	file []byte
	room *newsroom
}

func filledFile(t *testing.T) ([]byte, *newsroom) {
	t.Helper()
	filledRoom.Lock()
	defer filledRoom.Unlock()
	if filledRoom.room == nil {
		url := testkit.URL(t, store.SQLite)
		n := emptyNewsroom(t, url)
		n.fill(t)
		if err := n.DB.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(strings.TrimPrefix(url, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		filledRoom.file, filledRoom.room = file, n
	}
	return filledRoom.file, filledRoom.room
}

// emptyNewsroom gives a newsroom without anything in it.
func emptyNewsroom(t *testing.T, url string) *newsroom {
	t.Helper()
	n := &newsroom{statements: &testkit.Statements{}, errors: &bytes.Buffer{}, byTitle: map[string]*ent.Article{}, pages: map[string]*ent.Page{}, members: map[access.Role]access.Viewer{},
		clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	n.bucket = bucket
	n.Services = app.NewServices(testkit.Open(t, url, store.Options{Wrap: n.statements.Wrap}), bucket)
	n.Articles.Now = func() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }
	n.handler = graph.Handler(n.Graph(), graph.Options{Introspection: graph.Everyone, MaxRequestBytes: 16 << 20, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	t.Cleanup(func() {
		if n.errors.Len() > 0 {
			t.Errorf("internal errors were logged:\n%s", n.errors)
		}
	})
	return n
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (n *newsroom) fill(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	one := must[[]int](t)
	world := one(n.Taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: "World", Description: "Beyond the coast", Position: 1,
		Labels: schema.Labels{"ar": {Name: "العالم"}}}))[0]
	asia := one(n.Taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: "Asia", Parent: &world}))[0]
	sport := one(n.Taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: "Sport", Position: 2}))[0]
	tags := one(n.Taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: "Ports"}, taxonomy.Tag{Name: "Ferries"}))
	oman := one(n.Taxonomy.EnsurePlaces(ctx, taxonomy.Place{Name: "Oman", Kind: place.KindCountry, CountryCode: "OM"}))[0]
	series := one(n.Taxonomy.EnsureSeries(ctx, taxonomy.Series{Name: "Slow Water"}))[0]
	authors := one(n.Taxonomy.EnsureAuthors(ctx, taxonomy.Author{Name: "Nadia Karim"}, taxonomy.Author{Name: "News Room", Kind: "DESK"}))
	system := access.AsSystem(ctx)
	picture := n.DB.Ent(system).Media.Create().SetAlt("A ferry at dawn").SetCaption("The 6.40").SetCredit("Beacon").SetBlobKey("2026/ferry.jpg").
		SetWidth(1280).SetHeight(720).SetFocalX(0.5).SetFocalY(0.25).SaveX(system)

	at := n.clock
	add := func(title string, change func(*content.Draft)) {
		at = at.Add(time.Minute)
		published := at
		d := &content.Draft{Title: title, Status: article.StatusPublished, PublishedAt: &published, PrimaryCategory: &world, Authors: authors[:1],
			Excerpt: "About " + title, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words about <em>" + title + "</em>."}}}
		if change != nil {
			change(d)
		}
		n.byTitle[title] = must[[]*ent.Article](t)(n.Articles.Save(ctx, d))[0]
	}
	for i := range 12 {
		add(fmt.Sprintf("Harbour notes %d", i+1), func(d *content.Draft) {
			if i%3 == 1 {
				d.PrimaryCategory = &asia
			}
			if i%4 == 2 {
				d.PrimaryCategory = &sport
			}
		})
	}
	var group *int
	add("Ferry crews accept deal", func(d *content.Draft) {
		d.Subtitle, d.Tags, d.Places, d.Series, d.Authors, d.FeaturedMedia = "Night shifts return", tags, []int{oman}, &series, authors, &picture.ID
		d.Body = append(d.Body,
			richtext.Block{Kind: richtext.Heading, Level: 2, HTML: "What was agreed"},
			richtext.Block{Kind: richtext.List, Items: []richtext.ListItem{{HTML: "Two crews a night"}, {HTML: "A fund"}}},
			richtext.Block{Kind: richtext.Quote, HTML: "It is a start.", Citation: "A deckhand"},
			richtext.Block{Kind: richtext.Picture, MediaID: picture.PublicID()})
		d.SEO = &schema.SEO{Description: "What ferry crews agreed"}
		d.Source = content.Source{URI: "urn:example:ferry", Name: "Coast Wire"}
		d.Dateline = "MUSCAT"
		first := 1
		d.SeriesPosition = &first
	})
	group = &n.byTitle["Ferry crews accept deal"].ID
	add("طواقم العبّارات تقبل الاتفاق", func(d *content.Draft) { d.Language, d.TranslationGroup, d.Tags = "ar", group, tags })
	must[*ent.Article](t)(n.DB.Ent(system).Article.UpdateOneID(*group).SetTranslationGroup(*group).Save(system))
	now := at
	hidden := map[string]func(*content.Draft){
		"draft":     func(d *content.Draft) { d.Status = article.StatusDraft },
		"scheduled": func(d *content.Draft) { d.Status = article.StatusScheduled },
		"embargoed": func(d *content.Draft) { d.Status = article.StatusEmbargoed },
		"archived":  func(d *content.Draft) { d.Status = article.StatusArchived },
		"killed":    func(d *content.Draft) { d.Status = article.StatusKilled },
		"private":   func(d *content.Draft) { d.Visibility = article.VisibilityPrivate },
		"trashed":   func(d *content.Draft) { d.TrashedAt = &now },
	}
	for _, kind := range slices.Sorted(maps.Keys(hidden)) {
		add(secret+" "+kind, func(d *content.Draft) {
			d.Slug, d.Tags, d.Places, d.Series, d.Authors, d.TranslationGroup = "hidden-"+kind, tags, []int{oman}, &series, authors, group
			hidden[kind](d)
		})
	}
	n.fillTalk(t, *group)
	n.fillDesk(t, world)
	n.fillDevice(t)
	n.fillSite(t, world, asia, sport, picture.ID)
}

// fillDesk adds what editors keep about articles, hidden ones included.
func (n *newsroom) fillDesk(t *testing.T, section int) {
	t.Helper()
	system := access.AsSystem(t.Context())
	c := n.DB.Ent(system)
	at := n.clock.Add(3 * time.Hour)
	for i, title := range []string{"Harbour notes 1", "Harbour notes 2", secret + " draft", secret + " killed"} {
		a := n.byTitle[title]
		must[*ent.Article](t)(c.Article.UpdateOneID(a.ID).SetCorrectedAt(at).Save(system))
		must[*ent.Correction](t)(c.Correction.Create().SetArticleID(a.ID).SetNote("About " + title).SetRevision(1).SetIssuedAt(at.Add(time.Duration(i) * time.Minute)).
			SetChanges([]schema.ParagraphChange{{Before: "dawn", After: "noon, by " + title}}).Save(system))
		for _, page := range []*int{nil, &section} {
			must[*ent.Pick](t)(c.Pick.Create().SetArticleID(a.ID).SetPosition(-i).SetNillableCategoryID(page).Save(system))
		}
		if !strings.HasPrefix(title, secret) {
			continue
		}
		must[*ent.ArticleNote](t)(c.ArticleNote.Create().SetArticleID(a.ID).SetText(secret).Save(system))
		must[*ent.Revision](t)(c.Revision.Create().SetArticleID(a.ID).SetNumber(1).SetAction("imported").SetStatus("DRAFT").SetVersion(1).SetTitle(secret).
			SetNote(secret).SetSnapshot(json.RawMessage(`{}`)).SetCreatedAt(at).Save(system))
		must[*ent.PreviewToken](t)(c.PreviewToken.Create().SetArticleID(a.ID).SetTokenHash(title).SetLabel(secret).SetExpiresAt(at.AddDate(9, 0, 0)).Save(system))
	}
}

func (n *newsroom) fillTalk(t *testing.T, about int) {
	t.Helper()
	ctx := t.Context()
	said := n.clock.Add(2 * time.Hour)
	first := &comment.Draft{ArticleID: about, GuestName: "Salma", GuestEmail: strings.ToLower(secret) + "@example.org", Body: "Good news for the islands.",
		Status: entcomment.StatusApproved, PostedAt: said}
	drafts := []*comment.Draft{first,
		{ArticleID: about, Parent: first, GuestName: "Omar", Body: "Let us see what they sign.", Status: entcomment.StatusApproved, PostedAt: said.Add(time.Minute)},
		{ArticleID: about, GuestName: "Ann", Body: "When does it start?", Status: entcomment.StatusApproved, PostedAt: said.Add(2 * time.Minute)},
		{ArticleID: about, GuestName: "X", Body: secret + " pending", Status: entcomment.StatusPending, PostedAt: said.Add(3 * time.Minute)},
		{ArticleID: about, Parent: first, GuestName: "Y", Body: secret + " spam", Status: entcomment.StatusSpam, PostedAt: said.Add(4 * time.Minute)},
		{ArticleID: n.byTitle[secret+" draft"].ID, GuestName: "Z", Body: secret + " below a draft", Status: entcomment.StatusApproved, PostedAt: said},
	}
	n.comments = must[[]*ent.Comment](t)(n.Comments.Save(ctx, drafts...))
}

func (n *newsroom) fillSite(t *testing.T, world, asia, sport, logo int) {
	t.Helper()
	ctx := t.Context()
	counted := n.clock
	must[*ent.Site](t)(n.Site.SaveSettings(ctx, site.Settings{Name: "The Beacon", Tagline: "News of the coast", Description: "A small newsroom.",
		URL: "https://beacon.example", Language: "en", TimeZone: "Asia/Muscat", CopyrightHolder: "Beacon Press", Logo: &logo,
		SocialProfiles: []schema.SocialProfile{{Network: "video", URL: "https://video.example/beacon", AudienceCount: 235300, Action: "Follow", CountedAt: &counted}},
		LegalDocuments: []schema.LegalDocument{{Kind: "terms", Version: "3", PublishedAt: counted, PageSlug: "terms"}},
		Consents:       map[string]schema.Consent{"NEWSLETTER": {Version: "2", HTML: "I agree to the terms."}}}))
	for _, p := range []site.Page{
		{Title: "Terms", Status: page.StatusPublished, PublishedAt: &counted, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Be kind."}}},
		{Title: secret + " page", Slug: "hidden-page", Status: page.StatusDraft, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: secret}}},
	} {
		n.pages[p.Title] = must[*ent.Page](t)(n.Site.SavePage(ctx, p))
	}
	draft, ferry := n.byTitle[secret+" draft"], n.byTitle["Ferry crews accept deal"]
	must[*ent.Menu](t)(n.Site.SaveMenu(ctx, site.Menu{Location: "HEADER", Name: "Main", Items: []site.MenuItem{
		{Label: "Home", Target: site.Target{Address: "/"}},
		{Target: site.Target{Type: menuitem.TargetTypeCategory, ID: world}, Children: []site.MenuItem{{Target: site.Target{Type: menuitem.TargetTypeCategory, ID: asia}}}},
		{Label: "More", Children: []site.MenuItem{{Target: site.Target{Type: menuitem.TargetTypeCategory, ID: sport}},
			{Target: site.Target{Type: menuitem.TargetTypeArticle, ID: ferry.ID}}}},
		{Target: site.Target{Type: menuitem.TargetTypePage, ID: n.pages["Terms"].ID}},
		{Label: "", Target: site.Target{Type: menuitem.TargetTypeArticle, ID: draft.ID}},
		{Label: "", Target: site.Target{Type: menuitem.TargetTypePage, ID: n.pages[secret+" page"].ID}},
	}}))
	must[[]*ent.AdSlot](t)(n.Site.SaveAdSlots(ctx, site.AdSlot{Placement: "SIDEBAR", Name: "Sidebar", Width: 300, Height: 600}))
	must[[]*ent.Redirect](t)(n.Site.SaveRedirects(ctx,
		site.Redirect{Path: "/2026/03/ferry-deal", Target: site.Target{Type: menuitem.TargetTypeArticle, ID: ferry.ID}},
		site.Redirect{Path: "/old-draft", Target: site.Target{Type: menuitem.TargetTypeArticle, ID: draft.ID}},
		site.Redirect{Path: "/shop", Target: site.Target{Address: "https://shop.example/"}, StatusCode: 302}))
}

// answer is a GraphQL answer.
type answer struct {
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Path       []any          `json:"path"`
		Extensions map[string]any `json:"extensions"`
	} `json:"errors"`
}

// codes are the codes of the errors.
func (a answer) codes() []string {
	var codes []string
	for _, e := range a.Errors {
		codes = append(codes, fmt.Sprint(e.Extensions["code"]))
	}
	return codes
}

// post asks the endpoint as a client does.
func (n *newsroom) post(t *testing.T, query string, variables map[string]any) (answer, []byte) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	return n.postRaw(t, body)
}

func (n *newsroom) postRaw(t *testing.T, body []byte) (answer, []byte) {
	t.Helper()
	return n.send(t, access.Viewer{}, body)
}

// holder gives somebody who has a role, the same one each time. No role is an
// anonymous reader.
func (n *newsroom) holder(t *testing.T, role access.Role) access.Viewer {
	t.Helper()
	if role == "" {
		return access.Viewer{}
	}
	if _, ok := n.members[role]; !ok {
		n.members[role] = member(t, n.DB, role, 1)
	}
	return n.members[role]
}

// send asks as a viewer, as if a session had said who it is.
func (n *newsroom) send(t *testing.T, viewer access.Viewer, body []byte) (answer, []byte) {
	t.Helper()
	return n.sendAs(t, viewer, body, "application/json")
}

// sendAs is send for a body of another type.
func (n *newsroom) sendAs(t *testing.T, viewer access.Viewer, body []byte, contentType string) (answer, []byte) {
	t.Helper()
	ctx := access.With(context.Background(), viewer)
	if n.key != nil {
		ctx = partner.With(ctx, n.key)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("GraphQL-Require-Preflight", "1") // of multipart requests
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("not JSON: %v: %.200s", err, raw)
	}
	return a, raw
}
