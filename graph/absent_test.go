package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/notification"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// The classes of viewers.
var (
	classes = []access.Role{"", access.Reader, access.Moderator, access.Contributor, access.Author, access.Editor, access.Admin}
	writers = []access.Role{access.Contributor, access.Author, access.Editor, access.Admin}
	editors = []access.Role{access.Editor, access.Admin}
)

// hiddenRow is a row that only hidden content refers to, and who sees it
// nevertheless.
type hiddenRow struct {
	key  int
	seen []access.Role
}

// hideRows adds a row of each type of Node that only a draft, which came from an
// import, refers to.
func (n *newsroom) hideRows(t *testing.T) map[string]hiddenRow {
	t.Helper()
	ctx, system := t.Context(), access.AsSystem(t.Context())
	c := n.DB.Ent(system)
	picture := c.Media.Create().SetAlt(secret).SetCaption(secret).SetBlobKey(secret + ".jpg").SaveX(system).ID
	tag := must[[]int](t)(n.Taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: secret + " tag"}))[0]
	a := must[[]*ent.Article](t)(n.Articles.Save(ctx, &content.Draft{Title: secret + " only", Slug: "hidden-only", Status: article.StatusEmbargoed, Kind: article.KindLiveBlog,
		Tags: []int{tag}, FeaturedMedia: &picture, Entries: []content.Entry{{Title: secret, PublishedAt: n.clock}}}))[0]
	redirect := must[[]*ent.Redirect](t)(n.Site.SaveRedirects(ctx, site.Redirect{Path: "/" + strings.ToLower(secret), Target: site.Target{Type: menuitem.TargetTypeArticle, ID: a.ID}}))[0]
	rows := map[string]hiddenRow{
		id.Article:    {a.ID, editors},
		id.Media:      {picture, writers},
		id.Tag:        {tag, writers},
		id.Redirect:   {redirect.ID, editors},
		id.LiveEntry:  {c.LiveEntry.Query().FirstIDX(system), editors},
		id.Correction: {c.Correction.Create().SetArticleID(a.ID).SetNote(secret).SetRevision(1).SetChanges([]schema.ParagraphChange{}).SaveX(system).ID, editors},
		id.Comment:    {c.Comment.Create().SetArticleID(a.ID).SetBody(secret).SetGuestName(secret).SetStatus(comment.StatusApproved).SaveX(system).ID, nil},
		id.Page:       {n.pages[secret+" page"].ID, editors},
		id.MenuItem:   {c.MenuItem.Query().Where(menuitem.TargetID(n.byTitle[secret+" draft"].ID), menuitem.TargetTypeEQ(menuitem.TargetTypeArticle)).OnlyIDX(system), editors},
		id.Revision: {c.Revision.Create().SetArticleID(a.ID).SetNumber(1).SetAction("imported").SetStatus("DRAFT").SetVersion(1).SetTitle(secret).
			SetSnapshot(json.RawMessage(`{}`)).SaveX(system).ID, editors},
		id.ArticleNote:  {c.ArticleNote.Create().SetArticleID(a.ID).SetText(secret).SaveX(system).ID, editors},
		id.PreviewToken: {c.PreviewToken.Create().SetArticleID(a.ID).SetTokenHash("only").SetExpiresAt(n.clock.AddDate(9, 0, 0)).SaveX(system).ID, editors},
		id.Session: {c.Session.Create().SetUserID(member(t, n.DB, access.Reader, 99).UserID).SetTokenHash("x").SetKind("BEARER").
			SetExpiresAt(n.clock.AddDate(9, 0, 0)).SaveX(system).ID, nil},
		id.Notification: {c.Notification.Create().SetUserID(member(t, n.DB, access.Reader, 98).UserID).SetKind(notification.KindFollowedTopic).
			SetCause("art:hidden").SetArticleID(a.ID).SetText(secret).SaveX(system).ID, nil},
		id.NewsletterIssue: {c.NewsletterIssue.Create().SetNewsletterID(c.Newsletter.Create().SetSlug("hidden").SetName("Weekly").SaveX(system).ID).
			SetSubject(secret).SetArticleIds([]int{a.ID}).SaveX(system).ID, editors},
		id.AuditEntry: {c.AuditEntry.Create().SetAction(secret).SetEntity(id.Article).SetEntityID(a.ID).SaveX(system).ID, []access.Role{access.Admin}},
	}
	if err := n.Directory.Consume(t.Context(), []event.Event{{Action: event.Missed}}); err != nil {
		t.Fatal(err)
	}
	return rows
}

// alwaysPublic are the types whose rows are not hidden by what refers to them.
var alwaysPublic = map[string]string{
	"Category": "sections are the site's structure", "Place": "places are the site's structure", "Series": "series are announced by whoever makes them",
	"Author": "authors have public profiles", "Menu": "menus are public", "AdSlot": "ad slots are public",
	"Bookmark":   "bookmarks are in their owner's list alone; node finds none",
	"Newsletter": "newsletters are public, and refer to no content", "ApiKey": "keys refer to no content; administrators alone find them",
	"Webhook": "webhooks refer to no content; administrators alone find them", "WebhookDelivery": "deliveries name ids alone; administrators alone find them",
	"ReaderRestriction": "restrictions refer to readers, not to content; moderators alone find them",
	"StaffMember":       "members are known to the newsroom, which alone can ask for them", "DeadJob": "jobs refer to no content for readers",
}

// TestHiddenIsLikeAbsentForEachViewer asks for a row of every type of Node that
// only hidden content refers to, as each class of viewers: who may not see it
// gets the same answer, byte by byte, for as many statements, as for a row that never was.
func TestHiddenIsLikeAbsentForEachViewer(t *testing.T) {
	t.Parallel()
	sdl := loadSchema(t, broadsheet.SDL)
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		rows := n.hideRows(t)
		for _, d := range sdl.GetPossibleTypes(sdl.Types["Node"]) {
			if d.Kind != ast.Object {
				continue
			}
			prefix := prefixOf[d.Name]
			row, ok := rows[prefix]
			if !ok {
				if alwaysPublic[d.Name] == "" {
					t.Errorf("the test has no hidden row of %s and knows no reason why", d.Name)
				}
				continue
			}
			for _, role := range classes {
				ask := func(key int) ([]byte, []string) {
					variables := map[string]any{"id": id.Encode(prefix, key)}
					n.askAs(t, n.holder(t, role), `query($id: ID!) { node(id: $id) { __typename } }`, variables)
					n.statements.Take()
					_, raw := n.askAs(t, n.holder(t, role), `query($id: ID!) { node(id: $id) { __typename } }`, variables)
					return raw, n.statements.Take()
				}
				hidden, hiddenSQL := ask(row.key)
				absent, absentSQL := ask(987_654_321)
				if slices.Contains(row.seen, role) {
					if bytes.Equal(hidden, absent) {
						t.Errorf("%s of a hidden article as %q: %s, but should be seen", d.Name, role, hidden)
					}
					continue
				}
				if !bytes.Equal(hidden, absent) {
					t.Errorf("%s of a hidden article as %q: %s, of nothing: %s", d.Name, role, hidden, absent)
				}
				if len(hiddenSQL) != len(absentSQL) {
					t.Errorf("%s of a hidden article as %q costs\n%s\nof nothing:\n%s", d.Name, role, strings.Join(hiddenSQL, "\n"), strings.Join(absentSQL, "\n"))
				}
			}
		}
	})
}

// prefixOf gives the prefix of the ids of each type of Node.
var prefixOf = map[string]string{
	"Article": id.Article, "Media": id.Media, "Tag": id.Tag, "Redirect": id.Redirect, "LiveEntry": id.LiveEntry, "Correction": id.Correction, "Comment": id.Comment,
	"Page": id.Page, "MenuItem": id.MenuItem, "Revision": id.Revision, "ArticleNote": id.ArticleNote, "PreviewToken": id.PreviewToken, "Session": id.Session,
	"AuditEntry": id.AuditEntry, "Notification": id.Notification, "NewsletterIssue": id.NewsletterIssue,
}

// TestHiddenRowsAreOnNoPath asks for every path of the schema as those who see
// nothing but what is public: nothing that only hidden content refers to is in any
// answer.
func TestHiddenRowsAreOnNoPath(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	sdl := loadSchema(t, broadsheet.SDL)
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		n.hideRows(t)
		w := n.widen(t, 2)
		n.handler = graph.Handler(n.Graph(), graph.Options{Limits: unlimited, Timeout: time.Minute, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
		for _, role := range []access.Role{"", access.Moderator} {
			p := &paths{wide: w, schema: sdl, viewer: n.holder(t, role), fail: t.Fatalf}
			for path, document := range p.documents() {
				_, raw := n.askAs(t, p.viewer, document, nil)
				if i := bytes.Index(bytes.ToUpper(raw), []byte(secret)); i >= 0 {
					t.Errorf("as %q, %s shows what is hidden: …%s", role, path, raw[max(0, i-200):min(len(raw), i+100)])
				}
			}
			_, raw := n.askAs(t, p.viewer, `{ tags(first: 100) { nodes { name } totalCount { value } } }`, nil)
			var list struct {
				Data struct {
					Tags struct {
						Nodes      []any
						TotalCount struct{ Value int }
					}
				}
			}
			if err := json.Unmarshal(raw, &list); err != nil {
				t.Fatal(err)
			}
			if tags := list.Data.Tags; len(tags.Nodes) == 0 || len(tags.Nodes) != tags.TotalCount.Value {
				t.Errorf("as %q %d tags are listed, %d counted", role, len(tags.Nodes), tags.TotalCount.Value)
			}
			for by, value := range map[string]string{"tag(by: {slug: %q}) { id }": strings.ToLower(secret) + "-tag", "tag(by: {name: %q}) { id }": secret + " tag", "route(path: %q) { path }": "/" + strings.ToLower(secret)} {
				_, raw := n.askAs(t, p.viewer, fmt.Sprintf("{ x: "+by+" }", value), nil)
				if string(raw) != `{"data":{"x":null}}` {
					t.Errorf("as %q, %s of what is hidden: %s", role, by, raw)
				}
			}
		}
	})
}
