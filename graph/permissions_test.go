package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	entpage "github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// permission is a line of the table of permissions (permissionTable): what a
// guarded field answers to each role. An answer is one letter for each of
// nobody, READER, CONTRIBUTOR, AUTHOR, MODERATOR, EDITOR, ADMIN:
//
//	U  UNAUTHENTICATED
//	F  FORBIDDEN
//	N  like something that is not there: NOT_FOUND among userErrors, or null
//	Y  done, or answered
type permission struct {
	// document asks for the field. {name} stands for something made for each
	// question; see room.fill.
	document string
	// own and other are the answers about one's own article and another's; where
	// nobody owns anything, only own is given.
	own, other string
	status     article.Status // of the article asked about; empty: DRAFT
	trashed    bool
	// silent marks mutations that leave no audit entry, with the reason.
	silent string
}

// asking are the viewers of the letters, in their order.
var asking = []access.Role{"", access.Reader, access.Contributor, access.Author, access.Moderator, access.Editor, access.Admin}

// TestPermissions asks every guarded field and every mutation of the schema as
// every role, about own and others' articles.
func TestPermissions(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	schema := loadSchema(t, broadsheet.SDL)
	var missing []string
	for _, d := range own(schema) {
		for _, f := range d.Fields {
			if d.Name != "Mutation" && f.Directives.ForName("auth") == nil {
				continue
			}
			if _, ok := permissionTable[d.Name+"."+f.Name]; !ok {
				missing = append(missing, d.Name+"."+f.Name)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("the table of permissions says nothing of %s", strings.Join(missing, ", "))
	}
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		for name, p := range permissionTable {
			answers := map[string]string{"own": p.own, "other": p.other}
			for whose, want := range answers {
				if want == "" {
					continue
				}
				got := make([]byte, len(asking))
				for i, role := range asking {
					got[i] = r.ask(t, name, p, role, whose == "own")
				}
				if string(got) != want {
					t.Errorf("%s, %s: answers %s, want %s", name, whose, got, want)
				}
			}
		}
	})
}

// room is where the questions are asked.
type room struct {
	*newsroom
	people map[access.Role]access.Viewer
	other  access.Viewer // an author who is none of them
	serial int
	hash   string // see passwordHash
}

func newRoom(t *testing.T, url string) *room {
	t.Helper()
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	r := &room{newsroom: &newsroom{Services: app.NewServices(testkit.Open(t, url, store.Options{}), bucket)}, people: map[access.Role]access.Viewer{"": {}}}
	r.handler = graph.Handler(r.Graph(), graph.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	for _, role := range access.Roles() {
		r.people[role] = member(t, r.DB, role, 1)
	}
	r.other = member(t, r.DB, access.Author, 2)
	return r
}

// article makes an article of the viewer's or of another's.
func (r *room) article(t *testing.T, by access.Viewer, p permission) *ent.Article {
	t.Helper()
	system := access.AsSystem(t.Context())
	d := &content.Draft{Title: fmt.Sprintf("Story %d", r.serial), Status: p.status, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words."}}}
	later := r.Newsroom.Now().Add(time.Hour)
	switch p.status {
	case article.StatusScheduled:
		d.ScheduledAt = &later
	case article.StatusEmbargoed:
		d.EmbargoUntil = &later
	}
	if p.trashed {
		now := r.Newsroom.Now()
		d.TrashedAt = &now
	}
	if by.UserID != 0 {
		d.CreatedBy = &by.UserID
	}
	return must[[]*ent.Article](t)(r.Articles.Save(system, d))[0]
}

// ask gives the letter of one answer.
func (r *room) ask(t *testing.T, name string, p permission, role access.Role, own bool) byte {
	t.Helper()
	viewer := r.people[role]
	owner := r.other
	if own && viewer.UserID != 0 {
		owner = viewer
	}
	r.serial++
	document := r.fill(t, viewer, p, sync.OnceValue(func() *ent.Article { return r.article(t, owner, p) }))
	before := r.entries(t, name)
	if strings.HasPrefix(name, "Subscription.") {
		return r.subscribe(t, viewer, document)
	}
	a, raw := r.askAs(t, viewer, document, nil)
	letter := letterOf(a, raw)
	if letter == '?' {
		t.Errorf("%s as %q: %s\nof %s", name, role, raw, document)
	}
	field, mutation := strings.CutPrefix(name, "Mutation.")
	if mutation && p.silent == "" {
		if left := r.entries(t, field) - before; left != map[bool]int{true: 1, false: 0}[letter == 'Y'] && !strings.HasSuffix(field, "Articles") {
			t.Errorf("%s as %q: answered %c and left %d audit entries", name, role, letter, left)
		}
	}
	return letter
}

// subscribe gives the letter of a subscription, which is Y when it waits for events.
func (r *room) subscribe(t *testing.T, viewer access.Viewer, document string) byte {
	t.Helper()
	sockets := graph.NewSockets(graph.SocketOptions{Watch: r.Watch})
	defer sockets.Close()
	h := graph.Handler(r.Graph(), graph.Options{Sockets: sockets, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	ctx, cancel := context.WithCancel(access.With(t.Context(), viewer))
	defer cancel()
	before := r.Watch.Watchers()
	if viewer.UserID != 0 {
		before++ // of the account
	}
	go func() { // ends with ctx
		defer cancel()
		_ = r.Watch.Await(ctx, before+1) // or the subscription ended
	}()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	q := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "text/event-stream")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	switch got := w.Body.String(); {
	case strings.Contains(got, "UNAUTHENTICATED"):
		return 'U'
	case strings.Contains(got, "FORBIDDEN"):
		return 'F'
	case got == ":\n\n":
		return 'Y'
	default:
		t.Logf("%s", got)
		return '?'
	}
}

func (r *room) entries(t *testing.T, action string) int {
	t.Helper()
	action = strings.TrimPrefix(action, "Mutation.")
	system := access.AsSystem(t.Context())
	return r.DB.Ent(system).AuditEntry.Query().Where(auditentry.Action(action)).CountX(system)
}

// letterOf reads an answer.
func letterOf(a answer, raw []byte) byte {
	switch codes := strings.Join(a.codes(), " "); codes {
	case "UNAUTHENTICATED":
		return 'U'
	case "FORBIDDEN":
		return 'F'
	case "":
	default:
		return '?'
	}
	var codes struct{ Data map[string]json.RawMessage }
	if err := json.Unmarshal(raw, &codes); err != nil {
		return '?'
	}
	switch text := string(raw); {
	case strings.Contains(text, `"code":"NOT_FOUND"`):
		return 'N'
	case strings.Contains(text, `"code":"FORBIDDEN"`): // with one of many
		return 'F'
	case strings.Contains(text, `"code":`):
		return '?'
	}
	for _, value := range codes.Data {
		if string(value) == "null" || strings.Contains(string(value), `:null`) && strings.HasPrefix(string(value), `{"newsroom"`) {
			return 'N'
		}
	}
	return 'Y'
}

// fill puts what a document names in its place. Most documents name no article,
// and making one takes longer than asking.
func (r *room) fill(t *testing.T, viewer access.Viewer, p permission, a func() *ent.Article) string {
	t.Helper()
	document := r.fillTerms(t, p.document)
	words := map[string]func() string{
		"article":       func() string { return a().PublicID() },
		"slug":          func() string { return a().Slug },
		"later":         func() string { return r.Newsroom.Now().Add(time.Hour).Format(time.RFC3339) },
		"blog":          func() string { return r.blog(t, a()).PublicID() },
		"entry":         func() string { return r.entry(t, a()) },
		"note":          func() string { return r.note(t, a()) },
		"token":         func() string { return r.token(t, a()) },
		"locked":        func() string { return r.locked(t, viewer, a()).PublicID() },
		"related":       func() string { return r.related(t, a(), false) },
		"pinned":        func() string { return r.related(t, a(), true) },
		"editor":        func() string { return id.Encode(id.User, r.people[access.Editor].UserID) },
		"serial":        func() string { return fmt.Sprint(r.serial) },
		"fresh":         r.fresh,
		"comment":       func() string { return r.commented(t, a().ID).PublicID() },
		"own comment":   func() string { return r.ownComment(t, viewer, a().ID) },
		"guest comment": func() string { return r.ownComment(t, access.Viewer{}, a().ID) },
		"restriction":   func() string { return r.restriction(t, a().ID) },
		"settings":      func() string { return r.siteSettings(t) },
		"site": func() string {
			r.siteSettings(t)
			return ""
		},
		"saved":   func() string { return r.saved(t, viewer, a().ID, a().PublicID()) },
		"removed": func() string { return r.removed(t, viewer, a().ID) },
		"device": func() string {
			return must[bookmark.Added](t)(r.Bookmarks.Add(t.Context(), "", a().ID)).DeviceToken
		},
		"media":  func() string { return r.media(t, a().CreatedBy) },
		"job":    func() string { return r.deadJob(t) },
		"apiKey": func() string { return r.apiKey(t) },
		"killed": func() string {
			saved := must[[]*ent.Article](t)(r.Articles.Save(access.AsSystem(t.Context()), &content.Draft{Title: r.fresh(), Status: article.StatusKilled}))
			return saved[0].PublicID()
		},
		"webhook":  func() string { return r.webhook(t).PublicID() },
		"delivery": func() string { return r.delivery(t) },
	}
	maps.Copy(words, r.accountWords(t, viewer))
	maps.Copy(words, r.readerWords(t))
	for name, make := range words {
		if strings.Contains(document, "{"+name+"}") {
			document = strings.ReplaceAll(document, "{"+name+"}", make())
		}
	}
	return document
}

// apiKey makes a key of a partner.
func (r *room) apiKey(t *testing.T) string {
	t.Helper()
	made, _, err := r.Partners.Create(access.AsSystem(t.Context()), partner.Key{Name: "Partner", Scopes: partner.Scopes()})
	return must[*partner.Key](t)(made, err).PublicID()
}

// media makes a media item that somebody uploaded.
func (r *room) media(t *testing.T, uploader *int) string {
	t.Helper()
	system := access.AsSystem(t.Context())
	return must[*ent.Media](t)(r.DB.Ent(system).Media.Create().SetAlt("A boat").SetNillableUploadedBy(uploader).Save(system)).PublicID()
}

// deadJob makes a job that has failed for good.
func (r *room) deadJob(t *testing.T) string {
	t.Helper()
	made := store.MaintainBoth(`INSERT INTO jobs (kind, args, state, priority, run_at, enqueued_at, died_at) VALUES ('test', '{}', 'dead', 0, $1, $1, $1) RETURNING id`)
	return id.Encode(id.Job, must[[]int](t)(store.Collect(t.Context(), r.DB, made, store.ScanInt, r.Newsroom.Now()))[0])
}

// fillTerms puts the things that a document names, made anew, in its place.
func (r *room) fillTerms(t *testing.T, document string) string {
	t.Helper()
	ctx := t.Context()
	one := func(prefix string) func([]int, error) string {
		return func(keys []int, err error) string {
			return id.Encode(prefix, must[[]int](t)(keys, err)[0])
		}
	}
	page := func(change func(*site.Page)) string {
		p := site.Page{Title: r.fresh()}
		change(&p)
		return must[*ent.Page](t)(r.Site.SavePage(ctx, p)).PublicID()
	}
	terms := map[string]func() string{
		"category": func() string {
			return one(id.Category)(r.Taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: r.fresh()}))
		},
		"tag":          func() string { return one(id.Tag)(r.Taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: r.fresh()})) },
		"place":        func() string { return one(id.Place)(r.Taxonomy.EnsurePlaces(ctx, taxonomy.Place{Name: r.fresh()})) },
		"series":       func() string { return one(id.Series)(r.Taxonomy.EnsureSeries(ctx, taxonomy.Series{Name: r.fresh()})) },
		"author":       func() string { return one(id.Author)(r.Taxonomy.EnsureAuthors(ctx, taxonomy.Author{Name: r.fresh()})) },
		"page":         func() string { return page(func(*site.Page) {}) },
		"shown page":   func() string { return page(func(p *site.Page) { p.Status = entpage.StatusPublished }) },
		"trashed page": func() string { return page(func(p *site.Page) { p.TrashedAt = new(time.Now()) }) },
		"menu": func() string {
			return must[*ent.Menu](t)(r.Site.SaveMenu(ctx, site.Menu{Location: "FOOTER"})).PublicID()
		},
		"slot": func() string {
			return must[[]*ent.AdSlot](t)(r.Site.SaveAdSlots(ctx, site.AdSlot{Placement: "HEADER", Name: r.fresh()}))[0].PublicID()
		},
		"redirect": func() string {
			return must[[]*ent.Redirect](t)(r.Site.SaveRedirects(ctx, site.Redirect{Path: "/" + r.fresh(), Target: site.Target{Address: "/"}}))[0].PublicID()
		},
	}
	for name, make := range terms {
		for _, token := range []string{"{" + name + "}", "{other " + name + "}"} {
			if strings.Contains(document, token) {
				document = strings.ReplaceAll(document, token, make())
			}
		}
	}
	return document
}

// fresh is a name that nothing has yet.
func (r *room) fresh() string {
	r.serial++
	return fmt.Sprintf("fresh-%d", r.serial)
}

// webhook makes a webhook of a new key.
func (r *room) webhook(t *testing.T) *webhook.Webhook {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	key, _, err := r.Partners.Create(ctx, partner.Key{Name: "Partner", Scopes: partner.Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := r.Webhooks.Create(ctx, key.ID, webhook.Draft{URL: "https://partner.example/hook"})
	return must[*webhook.Webhook](t)(made, err)
}

// delivery makes one that waits.
func (r *room) delivery(t *testing.T) string {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	w := must[*webhook.Webhook](t)(r.Webhooks.Test(ctx, r.webhook(t).ID))
	all, err := r.Webhooks.Deliveries(ctx, w.ID, 0, "", 1)
	return must[[]*webhook.Delivery](t)(all, err)[0].PublicID()
}
