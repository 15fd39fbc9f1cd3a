package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// wide is what a test needs to know of a newsroom that has as many of
// everything as it asked for.
type wide struct {
	*newsroom
	editor access.Viewer
	ids    map[string][]string // of rows of each type
	terms  struct{ categories, children, tags, places, series, authors, media []int }
	live   []*ent.Article
}

// widen adds k of everything, each with at least two of everything that can
// hang on it.
func (n *newsroom) widen(t *testing.T, k int) *wide {
	t.Helper()
	w := &wide{newsroom: n, editor: n.holder(t, access.Admin), ids: map[string][]string{}}
	w.fillTerms(t, k)
	w.fillArticles(t, k)
	w.addDesk(t)
	w.addSite(t, k)
	return w
}

func (w *wide) add(prefix string, keys ...int) {
	for _, key := range keys {
		w.ids[prefix] = append(w.ids[prefix], id.Encode(prefix, key))
	}
}

func (w *wide) fillTerms(t *testing.T, k int) {
	t.Helper()
	ctx, system := t.Context(), access.AsSystem(t.Context())
	one := must[[]int](t)
	for i := range k {
		w.terms.categories = append(w.terms.categories, one(w.Taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: fmt.Sprint("Wide section ", i)}))...)
		for j := range 2 {
			child := taxonomy.Category{Name: fmt.Sprintf("Wide section %d.%d", i, j), Parent: &w.terms.categories[i]}
			w.terms.children = append(w.terms.children, one(w.Taxonomy.EnsureCategories(ctx, child))...)
		}
		w.terms.tags = append(w.terms.tags, one(w.Taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: fmt.Sprint("Wide word ", i)}))...)
		w.terms.places = append(w.terms.places, one(w.Taxonomy.EnsurePlaces(ctx, taxonomy.Place{Name: fmt.Sprint("Wide place ", i)}))...)
		w.terms.series = append(w.terms.series, one(w.Taxonomy.EnsureSeries(ctx, taxonomy.Series{Name: fmt.Sprint("Wide series ", i)}))...)
		w.terms.media = append(w.terms.media, w.DB.Ent(system).Media.Create().SetAlt(fmt.Sprint("Wide picture ", i)).SetBlobKey(fmt.Sprintf("wide/%d.jpg", i)).SaveX(system).ID)
		w.terms.authors = append(w.terms.authors, one(w.Taxonomy.EnsureAuthors(ctx, taxonomy.Author{Name: fmt.Sprint("Wide author ", i), Avatar: &w.terms.media[i]}))...)
	}
	w.add(id.Category, w.terms.categories...)
	w.add(id.Tag, w.terms.tags...)
	w.add(id.Place, w.terms.places...)
	w.add(id.Series, w.terms.series...)
	w.add(id.Author, w.terms.authors...)
	w.add(id.Media, w.terms.media...)
}

// fillArticles adds k pairs of translations, which share all they belong to with
// the next pair, and as many that wait in the newsroom and in the trash.
func (w *wide) fillArticles(t *testing.T, k int) {
	t.Helper()
	ctx, system := t.Context(), access.AsSystem(t.Context())
	w.Articles.Now = func() time.Time { return w.clock.Add(24 * time.Hour) }
	draft := func(i int, title string) *content.Draft {
		next := (i + 1) % k
		at := w.clock.Add(time.Duration(i) * time.Minute)
		d := &content.Draft{Title: fmt.Sprintf("Wide ferry %s %d", title, i), Status: article.StatusPublished, PublishedAt: &at, CreatedBy: &w.editor.UserID, Language: "en",
			PrimaryCategory: &w.terms.categories[i], Categories: []int{w.terms.categories[next], w.terms.children[2*i]}, Tags: []int{w.terms.tags[i], w.terms.tags[next]},
			Places: []int{w.terms.places[i], w.terms.places[next]}, Authors: []int{w.terms.authors[i], w.terms.authors[next]}, Series: &w.terms.series[i], FeaturedMedia: &w.terms.media[i],
			Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: fmt.Sprint("Wide ferry crews and harbour words ", i)}}, Kind: article.KindLiveBlog}
		for j := range 2 {
			d.Entries = append(d.Entries, content.Entry{Title: fmt.Sprint("Entry ", j), PublishedAt: at.Add(time.Duration(j) * time.Minute)})
		}
		return d
	}
	save := func(d *content.Draft) *ent.Article { return must[[]*ent.Article](t)(w.Articles.Save(ctx, d))[0] }
	for i := range k {
		waiting, trashed := draft(i, "waiting"), draft(i, "trashed")
		waiting.Status, waiting.PublishedAt = article.StatusInReview, nil
		trashed.TrashedAt = &w.clock
		w.live = append(w.live, save(waiting), save(trashed))
		first := save(draft(i, "one"))
		must[*ent.Article](t)(w.DB.Ent(system).Article.UpdateOneID(first.ID).SetTranslationGroup(first.ID).Save(system))
		second := draft(i, "two")
		second.TranslationGroup, second.Language = &first.ID, "ar"
		w.live = append(w.live, first, save(second))
	}
	var talk []*comment.Draft
	for i, a := range w.live {
		for j := range 2 {
			at := w.clock.Add(time.Duration(i*10+j) * time.Minute)
			thread := &comment.Draft{ArticleID: a.ID, GuestName: "Guest", Body: "Wide thread", Status: entcomment.StatusApproved, PostedAt: at}
			reply := &comment.Draft{ArticleID: a.ID, Parent: thread, GuestName: "Guest", Body: "Wide reply", Status: entcomment.StatusApproved, PostedAt: at.Add(time.Second)}
			again := &comment.Draft{ArticleID: a.ID, Parent: reply, GuestName: "Guest", Body: "Wide reply again", Status: entcomment.StatusApproved, PostedAt: at.Add(2 * time.Second)}
			talk = append(talk, thread, reply, again)
		}
		w.add(id.Article, a.ID)
	}
	for i, c := range must[[]*ent.Comment](t)(w.Comments.Save(ctx, talk...)) {
		if i%3 == 1 {
			w.add(id.Comment, c.ID)
		}
	}
	for _, e := range w.DB.Ent(system).LiveEntry.Query().AllX(system) {
		w.add(id.LiveEntry, e.ID)
	}
}

// fillDesk adds what the newsroom keeps about each article.
func (w *wide) addDesk(t *testing.T) {
	t.Helper()
	system := access.AsSystem(t.Context())
	c := w.DB.Ent(system)
	at, later := w.clock.Add(5*time.Hour), w.clock.AddDate(9, 0, 0)
	// Those changed last have articles before and after them.
	for i, a := range slices.Concat(w.live[:4], w.live[8:], w.live[4:8]) {
		colleague := member(t, w.DB, access.Editor, 100+i).UserID
		c.Article.UpdateOneID(a.ID).SetCorrectedAt(at).SetAssigneeID(colleague).ExecX(system)
		snapshot := must[[]byte](t)(json.Marshal(content.Draft{Title: a.Title, PrimaryCategory: a.PrimaryCategoryID, Authors: w.terms.authors[:2]}))
		for j := range 2 {
			moment := at.Add(time.Duration(i*10+j) * time.Minute)
			w.add(id.Correction, c.Correction.Create().SetArticleID(a.ID).SetNote("Wide correction").SetRevision(1).SetIssuedAt(moment).SetChanges([]schema.ParagraphChange{}).SaveX(system).ID)
			w.add(id.ArticleNote, c.ArticleNote.Create().SetArticleID(a.ID).SetText("Wide note").SetUserID(colleague).SetResolvedBy(w.editor.UserID).SaveX(system).ID)
			w.add(id.Revision, c.Revision.Create().SetArticleID(a.ID).SetNumber(j+1).SetAction("updated").SetStatus("DRAFT").SetVersion(j+1).SetTitle(a.Title).
				SetUserID(colleague).SetSnapshot(snapshot).SetCreatedAt(moment).SaveX(system).ID)
			w.add(id.PreviewToken, c.PreviewToken.Create().SetArticleID(a.ID).SetTokenHash(fmt.Sprint("wide", i, j)).SetUserID(colleague).SetExpiresAt(later).SaveX(system).ID)
			c.Pick.Create().SetArticleID(a.ID).SetPosition(i).SetCategoryID(w.terms.categories[(i/4+j)%len(w.terms.categories)]).ExecX(system)
		}
		c.Pick.Create().SetArticleID(a.ID).SetPosition(i).ExecX(system)
		c.ArticleLock.Create().SetArticleID(a.ID).SetUserID(colleague).SetExpiresAt(later).ExecX(system)
		c.Withdrawal.Create().SetArticleID(a.ID).SetUserID(colleague).SetReason("Wide").ExecX(system)
		c.Autosave.Create().SetArticleID(a.ID).SetUserID(w.editor.UserID).SetBaseVersion(1).SetContent(snapshot).ExecX(system)
		w.add(id.User, colleague)
		err := w.DB.Tx(access.With(t.Context(), w.editor), func(ctx context.Context) error {
			return w.Audit.Record(ctx, audit.Entry{Action: "updateArticle", Entity: id.Article, EntityID: a.ID}, audit.Entry{Action: "updateTag", Entity: id.Tag, EntityID: w.terms.tags[0]})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range w.live {
		w.add(id.Session, c.Session.Create().SetUserID(w.editor.UserID).SetTokenHash(fmt.Sprint("wide", i)).SetKind(session.KindBearer).SetExpiresAt(later).SaveX(system).ID)
	}
	for _, e := range c.AuditEntry.Query().AllX(system) {
		w.add(id.AuditEntry, e.ID)
	}
}

func (w *wide) addSite(t *testing.T, k int) {
	t.Helper()
	ctx, system := t.Context(), access.AsSystem(t.Context())
	settings := site.Settings{Name: "The Beacon", URL: "https://beacon.example", Language: "en", TimeZone: "UTC", Logo: &w.terms.media[0]}
	var items []site.MenuItem
	for i := range k {
		title := fmt.Sprint("Wide page ", i)
		p := must[*ent.Page](t)(w.Site.SavePage(ctx, site.Page{Title: title, Status: page.StatusPublished, PublishedAt: &w.clock}))
		settings.LegalDocuments = append(settings.LegalDocuments, schema.LegalDocument{Kind: title, Version: "1", PublishedAt: w.clock, PageSlug: p.Slug})
		w.add(id.Page, p.ID)
		// The first three of any list need the database; the others are in the directory.
		targets := []site.Target{{Type: menuitem.TargetTypeArticle, ID: w.live[4*i+2].ID}, {Type: menuitem.TargetTypePage, ID: p.ID}, {Type: menuitem.TargetTypeTag, ID: w.terms.tags[i]},
			{Type: menuitem.TargetTypeCategory, ID: w.terms.categories[i]}, {Type: menuitem.TargetTypePlace, ID: w.terms.places[i]},
			{Type: menuitem.TargetTypeSeries, ID: w.terms.series[i]}, {Type: menuitem.TargetTypeAuthor, ID: w.terms.authors[i]}}
		item := site.MenuItem{Target: targets[i%3]}
		for j, target := range targets {
			item.Children = append(item.Children, site.MenuItem{Target: target, Children: []site.MenuItem{{Target: targets[(j+1)%len(targets)]}}})
			saved := must[[]*ent.Redirect](t)(w.Site.SaveRedirects(ctx, site.Redirect{Path: fmt.Sprintf("/wide/%d/%d", i, j), Target: target}))
			w.add(id.Redirect, saved[0].ID)
		}
		items = append(items, item)
		slots := must[[]*ent.AdSlot](t)(w.Site.SaveAdSlots(ctx, site.AdSlot{Placement: "SIDEBAR", Name: fmt.Sprint("Wide slot ", i), Width: 300, Height: 600}))
		w.add(id.AdSlot, slots[0].ID)
	}
	must[*ent.Site](t)(w.Site.SaveSettings(ctx, settings))
	w.add(id.Menu, must[*ent.Menu](t)(w.Site.SaveMenu(ctx, site.Menu{Location: "HEADER", Name: "Main", Items: items})).ID)
	for _, it := range w.DB.Ent(system).MenuItem.Query().AllX(system) {
		w.add(id.MenuItem, it.ID)
	}
}
